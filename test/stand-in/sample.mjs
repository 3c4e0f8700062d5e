// A stand-in for any web application: answers every request with the name of its pod, the host and the path.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

createServer((request, response) => response.end(`${hostname()} ${request.headers.host} ${request.url}\n`)).listen(Number(process.env.PORT));
process.once('SIGTERM', () => process.exit(0));
