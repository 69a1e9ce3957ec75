// The TypeScript client 1: the older revision, over HTTP, HTTP with SSE, and stdio.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { childEnvironment, journey, world } from './journey.mjs';

function opens(transport) {
  return async ({ forms }) => {
    const capabilities = forms ? { elicitation: { form: {} } } : {};
    const client = new Client({ name: 'ts1', version: '1' }, { capabilities });
    const made = transport();
    let version;
    // The client tells its transport what was agreed, and nobody else.
    made.setProtocolVersion = ((told) => (agreed) => {
      version = agreed;
      told?.call(made, agreed);
    })(made.setProtocolVersion);
    const adapter = {
      stdio: transport === child,
      answer: async () => ({ action: 'cancel' }),
      version: () => version,
      tools: async () => (await client.listTools()).tools,
      call: (name, given, options = {}) =>
        client.callTool({ name, arguments: given }, undefined, { timeout: 60000, ...options }),
      resources: async () => (await client.listResources()).resources,
      templates: async () => (await client.listResourceTemplates()).resourceTemplates,
      read: (uri) => client.readResource({ uri }),
      prompts: async () => (await client.listPrompts()).prompts,
      prompt: (name, given) => client.getPrompt({ name, arguments: given }),
      complete: async (name, argument, value) => {
        const asked = { ref: { type: 'ref/prompt', name }, argument: { name: argument, value } };
        return (await client.complete(asked)).completion.values;
      },
      close: () => client.close(),
    };
    if (forms) {
      client.setRequestHandler(ElicitRequestSchema, async (asked) => adapter.answer(asked.params));
    }
    await client.connect(made);
    return adapter;
  };
}

const headers = { Authorization: `Bearer ${world.token}` };
const http = () => new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), { requestInit: { headers } });
const sse = () =>
  new SSEClientTransport(new URL(`${world.url}/sse`), {
    requestInit: { headers },
    eventSourceInit: { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }) },
  });
const child = () =>
  new StdioClientTransport({
    command: world.fazt,
    args: ['mcp'],
    env: childEnvironment(`${world.work}/ts1.db`),
    stderr: 'ignore',
  });

const who = 'ts1';
const revision = '2025-11-25';
let failed = 0;
for (const [transport, open] of [['http', opens(http)], ['http+sse', opens(sse)], ['stdio', opens(child)]]) {
  failed += (await journey({ who, transport, revision, open, older: true })) ? 0 : 1;
}
process.exit(failed ? 1 : 0);
