// Passes requests on with a bearer token: the suite has no way to send one.
//
// node proxy.mjs PORT TARGET TOKEN. Everything else stays as it came, the Host
// header too, and an ended connection on one side ends the other.

import { createServer, request } from 'node:http';

const [port, target, token] = process.argv.slice(2);
const { hostname, port: targetPort } = new URL(target);

createServer((asked, answer) => {
  const headers = { ...asked.headers, authorization: `Bearer ${token}` };
  const onward = request(
    { hostname, port: targetPort, method: asked.method, path: asked.url, headers, agent: false },
    (given) => {
      answer.writeHead(given.statusCode, given.headers);
      answer.flushHeaders();
      given.pipe(answer);
      given.on('error', () => answer.destroy());
    },
  );
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}).listen(Number(port), '127.0.0.1', function () {
  console.log(this.address().port);
});
