// Starts an embedded server, says where it is and waits to be killed: what a crash of Spillway leaves behind.
import { startEmbedded } from '../../../src/store/embedded/embedded.js';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: embedded-parent FOLDER');
const { url, pid } = await startEmbedded(folder, { sync: false });
process.stdout.write(`${JSON.stringify({ url, pid })}\n`);
setInterval(() => {}, 1000);
