// Revisions that no client here speaks any more, in bare messages: each is agreed
// to as it was asked for, lists tools, and answers a call in its own shape.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { childEnvironment, world } from './journey.mjs';

const bearer = { Authorization: `Bearer ${world.token}` };

/** Messages of an event stream, one after the other. */
async function* events(stream) {
  let buffer = '';
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    buffer += part;
    for (let end; (end = buffer.indexOf('\n\n')) >= 0; buffer = buffer.slice(end + 2)) {
      const lines = buffer.slice(0, end).split('\n');
      const of = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim()).join('\n');
      // Without data it is a comment that keeps the connection open.
      if (of('data')) yield { event: of('event') || 'message', data: of('data') };
    }
  }
}

/** The answer to `id` within a response of either kind. */
async function answerIn(response, id) {
  if (!response.headers.get('content-type')?.includes('text/event-stream')) {
    return response.json();
  }
  for await (const { data } of events(response.body)) {
    if (JSON.parse(data).id === id) return JSON.parse(data);
  }
  throw new Error(`the stream ended without an answer to ${id}`);
}

async function overHttp(revision) {
  const headers = { ...bearer, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  return {
    async send(message) {
      const response = await fetch(`${world.url}/mcp`, { method: 'POST', headers, body: JSON.stringify(message) });
      if (!response.ok) throw new Error(`${message.method}: ${response.status} ${await response.text()}`);
      if (message.method === 'initialize') {
        headers['Mcp-Session-Id'] = response.headers.get('mcp-session-id');
        // The header is younger than the oldest of them.
        if (revision >= '2025-06-18') headers['MCP-Protocol-Version'] = revision;
      }
      return message.id === undefined ? undefined : answerIn(response, message.id);
    },
    async end() {
      const gone = await fetch(`${world.url}/mcp`, { method: 'DELETE', headers });
      if (!gone.ok) throw new Error(`the session does not end: ${gone.status}`);
    },
  };
}

async function overSse() {
  const stop = new AbortController();
  const stream = await fetch(`${world.url}/sse`, { headers: { ...bearer, Accept: 'text/event-stream' }, signal: stop.signal });
  if (!stream.ok) throw new Error(`/sse: ${stream.status} ${await stream.text()}`);
  const incoming = events(stream.body);
  const first = (await incoming.next()).value;
  if (first?.event !== 'endpoint') throw new Error(`the first event is ${JSON.stringify(first)}`);
  const endpoint = new URL(first.data, world.url);
  return {
    async send(message) {
      const headers = { ...bearer, 'Content-Type': 'application/json' };
      const taken = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(message) });
      if (taken.status !== 202) throw new Error(`${message.method}: ${taken.status} ${await taken.text()}`);
      while (message.id !== undefined) {
        const { value, done } = await incoming.next();
        if (done) throw new Error('the stream ended');
        if (value.event === 'message' && JSON.parse(value.data).id === message.id) return JSON.parse(value.data);
      }
    },
    async end() {
      stop.abort();
    },
  };
}

async function overStdio() {
  const options = { env: childEnvironment(world.db), stdio: ['pipe', 'pipe', 'ignore'] };
  const child = spawn(world.fazt, ['mcp'], options);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async send(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      while (message.id !== undefined) {
        const { value, done } = await lines.next();
        if (done) throw new Error('it ended');
        // Nothing but messages belongs there: a line that is none throws.
        if (JSON.parse(value).id === message.id) return JSON.parse(value);
      }
    },
    async end() {
      child.stdin.end();
      const code = await ended;
      if (code !== 0) throw new Error(`a closed stdin ends it with ${code}`);
    },
  };
}

async function converses(door, revision) {
  const client = await door(revision);
  const ask = async (id, method, params) => {
    const answer = await client.send({ jsonrpc: '2.0', id, method, params });
    if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  };
  const clientInfo = { name: 'bare', version: '1' };
  const agreed = await ask(1, 'initialize', { protocolVersion: revision, capabilities: {}, clientInfo });
  if (agreed.protocolVersion !== revision) throw new Error(`agreed on ${agreed.protocolVersion}`);
  await client.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  await ask(2, 'ping');
  const { tools } = await ask(3, 'tools/list');
  if (!tools.some((tool) => tool.name === 'list_apps')) throw new Error('tools/list has no `list_apps`');
  const called = await ask(4, 'tools/call', { name: 'list_apps', arguments: {} });
  if (called.isError || !called.content?.length) throw new Error(`list_apps: ${JSON.stringify(called)}`);
  if ('resultType' in called) throw new Error('a result says `resultType`, which is of a newer revision');
  await client.end();
}

const rows = [
  ['http', overHttp, ['2025-11-25', '2025-06-18', '2025-03-26']],
  ['http+sse', overSse, ['2024-11-05', '2025-11-25']],
  ['stdio', overStdio, ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']],
];
let failed = 0;
for (const [transport, door, revisions] of rows) {
  for (const revision of revisions) {
    const row = `${'messages'.padEnd(10)} ${transport.padEnd(9)} ${revision}`;
    try {
      await Promise.race([
        converses(door, revision),
        new Promise((_, reject) => setTimeout(reject, 20000, new Error('no answer in 20 s')).unref()),
      ]);
      console.log(`ok      ${row}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${row}  ${error.message}`);
    }
  }
}
process.exit(failed ? 1 : 0);
