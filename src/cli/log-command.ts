import type { Command } from 'commander';
import { StartFailure } from '../contract/start-failure.js';
import type { CliPorts } from './appliance.js';
import { CommandFailure } from './command-failure.js';
import { type CommonOptions, configOf, withCommonOptions } from './options.js';
import { Output } from './output.js';

export function addLogCommand(program: Command, ports: CliPorts): void {
  const log = program
    .command('log')
    .summary('decide about a log whose database was replaced')
    .description(
      'A log holds messages under numbers of devices, which mean something only in the database that gave them out. These commands say what becomes of a log ' +
        'whose database is gone. Both run while no Spillway does, and delete nothing.',
    );
  withCommonOptions(log.command('adopt'))
    .summary('let the database of the next start take the log over')
    .description(
      'The next start takes the log of this state folder over into its database, whatever that is. Only where devices of the same number are the same devices: ' +
        'the database is a copy of the one before. Over Kafka it is records of the topic that are taken over: those that a start, or a process that read them, has refused last. Messages of devices that it does not know become dead letters (device_lost), and what it has committed already is ' +
        'not stored again.',
    )
    .action((options: CommonOptions) =>
      run(options, async (output, { process }) => {
        const database = await ports.adoptLog(process.stateFolder);
        output.text(`the next start takes the log over; it was of database ${database}`);
        output.document({ adopted: true, database });
      }),
    );
  withCommonOptions(log.command('set-aside'))
    .summary('keep the log apart and begin a new one')
    .description(
      'Moves log, checkpoints and MQTT sessions of this state folder into a folder of their own, which it names. The next start begins a new log.',
    )
    .action((options: CommonOptions) =>
      run(options, async (output, { process }) => {
        const folder = await ports.setLogAside(process.stateFolder);
        output.text(`log, checkpoints and MQTT sessions are in ${folder} now; the next start begins a new log`);
        output.document({ set_aside: folder });
      }),
    );
}

async function run(options: CommonOptions, work: (output: Output, config: ReturnType<typeof configOf>) => Promise<void>): Promise<void> {
  try {
    await work(new Output(options.json === true), configOf(options));
  } catch (error) {
    if (error instanceof StartFailure) throw new CommandFailure(error.code, error.message, { wayOut: error.wayOut });
    throw error;
  }
}
