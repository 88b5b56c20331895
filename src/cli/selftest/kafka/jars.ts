import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';

const KAFKA = '3.9.1';
const SLF4J = '1.7.36';
const DOWNLOAD_MS_MAX = 180_000;
const run = promisify(execFile);

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>spillway</groupId><artifactId>brokers</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${SLF4J}</version></dependency>
  </dependencies>
</project>
`;

/** The class path of a Kafka broker, fetched once and kept for later runs; or why there is none. */
export async function kafkaJars(): Promise<{ readonly folder: string } | { readonly missing: string }> {
  try {
    await run('java', ['-version']);
  } catch {
    return { missing: 'there is no Java' };
  }
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'spillway');
  const folder = join(cache, `kafka-${KAFKA}`);
  if (existsSync(folder)) return { folder };
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'spillway-kafka-jars-'));
  const fetched = mkdtempSync(`${folder}-`);
  try {
    writeFileSync(join(work, 'pom.xml'), pom);
    const options = ['-B', '-q', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fetched}`];
    await run('mvn', options, { cwd: work, timeout: DOWNLOAD_MS_MAX });
    if (!existsSync(folder)) renameSync(fetched, folder);
    return { folder };
  } catch (error) {
    const { code, stdout = '', message } = error as { code?: unknown; stdout?: string; message: string };
    if (code === 'ENOENT') return { missing: 'there is no Maven to fetch the broker with' };
    // Another run may have fetched it meanwhile.
    if (existsSync(folder)) return { folder };
    return { missing: `Maven cannot fetch the broker: ${stripVTControlCharacters(stdout || message).split('\n')[0]}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(fetched, { recursive: true, force: true });
  }
}
