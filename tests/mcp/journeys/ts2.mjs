// The TypeScript client 2: the newest revision and older ones, over HTTP and stdio.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { childEnvironment, journey, world } from './journey.mjs';

function opens(mode, transport) {
  return async ({ forms }) => {
    const capabilities = forms ? { elicitation: { form: {} } } : {};
    const client = new Client({ name: 'ts2', version: '1' }, { versionNegotiation: { mode }, capabilities });
    const adapter = {
      stdio: transport !== http,
      answer: async () => ({ action: 'cancel' }),
      version: () => client.getNegotiatedProtocolVersion(),
      tools: async () => (await client.listTools()).tools,
      call: (name, given, options = {}) => client.callTool({ name, arguments: given }, { timeout: 60000, ...options }),
      resources: async () => (await client.listResources()).resources,
      templates: async () => (await client.listResourceTemplates()).resourceTemplates,
      read: (uri) => client.readResource({ uri }),
      prompts: async () => (await client.listPrompts()).prompts,
      prompt: (name, given) => client.getPrompt({ name, arguments: given }),
      complete: async (name, argument, value) => {
        const asked = { ref: { type: 'ref/prompt', name }, argument: { name: argument, value } };
        return (await client.complete(asked)).completion.values;
      },
      also: async (hold) => {
        const skills = new SkillsClient(client);
        hold('the server offers skills', skills.supported, client.getServerCapabilities?.());
        const listed = (await skills.list()).skills;
        hold('skills are listed', listed.length > 0, listed);
        const file = await skills.read(listed[0]);
        hold('a skill can be read and its digest holds', JSON.stringify(file).length > 100, file);
      },
      close: () => client.close(),
    };
    if (forms) {
      client.setRequestHandler('elicitation/create', async (asked) => adapter.answer(asked.params));
    }
    await client.connect(transport());
    return adapter;
  };
}

const http = () =>
  new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${world.token}` } },
  });

// Beside a node that runs, a second process finds it; alone, it is the node.
const child = (db) => () =>
  new StdioClientTransport({ command: world.fazt, args: ['mcp'], env: childEnvironment(db), stderr: 'ignore' });

const who = 'ts2';
const pin = { pin: '2026-07-28' };
const rows = [
  { who, transport: 'http', revision: '2026-07-28', open: opens(pin, http) },
  { who, transport: 'http', revision: 'auto', open: opens('auto', http) },
  { who, transport: 'http', revision: '2025-11-25', open: opens('legacy', http), older: true },
  { who, transport: 'stdio', revision: '2026-07-28', open: opens(pin, child(`${world.work}/ts2.db`)) },
  { who, transport: 'stdio', revision: 'auto', open: opens('auto', child(world.db)) },
  { who, transport: 'stdio', revision: '2025-11-25', open: opens('legacy', child(world.db)), older: true },
];

let failed = 0;
for (const row of rows) {
  failed += (await journey(row)) ? 0 : 1;
}
process.exit(failed ? 1 : 0);
