import { createServer } from 'node:net';
import { pathToFileURL } from 'node:url';

// An Aedes broker in a process of its own, from the installation that the argument names.
const { Aedes } = await import(pathToFileURL(process.argv[2]!).href);
const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }));
process.on('disconnect', () => process.exit());
