// The journey that every client makes, apart from how a client is written.
//
// `connect(options)` opens a client and answers an adapter with the same few
// methods for each library. A step that does not hold throws and says what it
// missed; the row then counts as failed.

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The surroundings, set by `tests/mcp/run`. */
export const world = {
  fazt: process.env.FAZT,
  work: process.env.WORK,
  url: process.env.URL_BASE,
  token: process.env.TOKEN,
  db: process.env.FAZT_DB,
};

/** Environment of a server that is a child: the database, and nothing else of ours. */
export function childEnvironment(db) {
  return { PATH: process.env.PATH, HOME: world.work, FAZT_DB: db, FAZT_PORT: '0', RUST_BACKTRACE: '0' };
}

let checks = 0;

function hold(what, holds, found) {
  checks += 1;
  if (!holds) {
    const shown = typeof found === 'string' ? found : JSON.stringify(found);
    throw new Error(`${what}; found: ${String(shown).slice(0, 600)}`);
  }
}

/** A visitor's GET: by the address in the URL, on this machine whatever its name. */
function visit(url) {
  const { host, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path: pathname, headers: { host }, agent: false },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }));
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** The text that stands beside a structured answer. */
function text(result) {
  return (result.content ?? []).filter((part) => part.type === 'text').map((part) => part.text).join('\n');
}

function data(what, result) {
  hold(`${what} succeeds`, !result.isError, text(result) || result);
  hold(`${what} answers structured content`, result.structuredContent !== undefined, result);
  hold(`${what} answers a text too`, text(result).length > 0, result);
  return result.structuredContent;
}

function refused(what, result, ...words) {
  hold(`${what} is refused as a tool error`, result.isError === true, text(result) || result);
  for (const word of words) {
    hold(`${what} says \`${word}\``, text(result).includes(word), text(result));
  }
}

async function names(client) {
  const listed = data('list_apps', await client.call('list_apps', { limit: 100 }));
  return listed.apps.map((app) => app.name);
}

/** A folder of a site: a front page and as many small files as asked. */
async function site(folder, said, files) {
  await mkdir(join(folder, 'pages'), { recursive: true });
  await writeFile(join(folder, 'index.html'), `<!doctype html><h1>${said}</h1>`);
  const pages = Array.from({ length: files }, (_, n) => n);
  for (let at = 0; at < pages.length; at += 200) {
    await Promise.all(
      pages.slice(at, at + 200).map((n) => writeFile(join(folder, 'pages', `${n}.txt`), `${said} ${n}\n`.repeat(40))),
    );
  }
}

function inline(said, files) {
  const pages = Array.from({ length: files }, (_, n) => ({
    path: `pages/${n}.txt`,
    content: `${said} ${n}\n`.repeat(10),
  }));
  return [{ path: 'index.html', content: `<!doctype html><h1>${said}</h1>` }, ...pages];
}

/** Notes must grow; the first must come, or a client would take the call for hung. */
function watched() {
  const notes = [];
  return {
    notes,
    onprogress: (note) => notes.push(note),
    check() {
      hold('a deploy tells of its progress', notes.length >= 1, notes);
      const grows = notes.every((note, n) => n === 0 || note.progress > notes[n - 1].progress);
      hold('progress grows from note to note', grows, notes);
    },
  };
}

async function listsTools(client) {
  const tools = await client.tools();
  const by = new Map(tools.map((tool) => [tool.name, tool]));
  for (const name of ['deploy', 'list_apps', 'get_app', 'promote', 'fetch_test', 'delete_app', 'undo', 'status']) {
    hold(`tools/list has \`${name}\``, by.has(name), [...by.keys()]);
  }
  const fixtures = tools.filter((tool) => tool.name.startsWith('test_'));
  hold('tools/list holds no fixture of a test', fixtures.length === 0, fixtures.map((tool) => tool.name));
  for (const tool of tools) {
    for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']) {
      hold(`\`${tool.name}\` sets ${hint}`, typeof tool.annotations?.[hint] === 'boolean', tool.annotations);
    }
    hold(`\`${tool.name}\` describes its answer`, tool.outputSchema?.type === 'object', tool.outputSchema);
    hold(`\`${tool.name}\` is described within 2 KB`, (tool.description ?? '').length <= 2048, tool.description);
  }
  hold('deleting is marked as destructive', by.get('delete_app').annotations.destructiveHint, by.get('delete_app'));
  hold('listing is marked as read-only', by.get('list_apps').annotations.readOnlyHint, by.get('list_apps'));
}

async function deploys(client, app, folder) {
  const first = watched();
  await site(folder, 'the first version', 60);
  const given = client.stdio ? { path: folder } : { files: inline('the first version', 60) };
  const one = data('deploy', await client.call('deploy', { app, ...given }, first));
  first.check();
  hold('the first deploy makes version 1, live', one.version === 1 && one.live && one.created, one);
  hold('all files arrive', one.files === 61, one);
  const page = await visit(one.url);
  hold('a visitor sees the first version', page.status === 200 && page.text.includes('the first version'), page);

  await site(folder, 'the second version', 60);
  if (client.stdio) {
    const two = data('deploy again', await client.call('deploy', { app, path: folder }, watched()));
    hold('the second deploy makes version 2', two.version === 2 && two.live, two);
  } else {
    await byTicket(client, app, folder);
  }
  const again = await visit(one.url);
  hold('a visitor sees the second version', again.text.includes('the second version'), again);
  return one.url;
}

/** What a remote caller does with a folder: the upload that the ticket's own line makes. */
async function byTicket(client, app, folder) {
  const { upload } = data('deploy without files', await client.call('deploy', { app }));
  hold('a deploy without files answers an upload', upload?.url && upload?.command && upload?.expires_at, upload);
  hold('the command is curl with the URL', upload.command.includes('curl') && upload.command.includes(upload.url), upload);
  await run('bash', ['-c', upload.command], { cwd: folder, timeout: 60000 }).catch((error) => {
    hold('the ticket\'s line runs as it is given', false, `${upload.command}: ${error.stderr || error.message}`);
  });
  const seen = data('get_app', await client.call('get_app', { app }));
  hold('the upload is version 2, live', seen.live === 2, seen);
  const spent = await run('bash', ['-c', upload.command], { cwd: folder, timeout: 60000 }).catch((error) => error);
  const after = data('get_app', await client.call('get_app', { app }));
  hold('a ticket is good for one upload', after.versions.length === 2, [after.versions, spent.stdout, spent.stderr]);
}

async function fetches(client, url, said) {
  const tested = data('fetch_test', await client.call('fetch_test', { url, expect_body: said }));
  hold(`fetch_test finds "${said}"`, tested.passed && tested.status === 200, tested);
  const missed = data('fetch_test', await client.call('fetch_test', { url, expect_body: 'nobody wrote this' }));
  hold('fetch_test says when a check fails', missed.passed === false, missed);
}

async function movesBetweenVersions(client, app, url) {
  const one = data('promote', await client.call('promote', { app, version: 1 }));
  hold('version 1 is live again', one.version === 1 && one.previous === 2, one);
  await fetches(client, url, 'the first version');
  const back = data('promote without a version', await client.call('promote', { app }));
  hold('promote without a version goes back', back.version === 2 && back.previous === 1, back);
  await fetches(client, url, 'the second version');
}

async function errorsTeach(client, app) {
  const wrong = `${app}z`;
  refused('an unknown app', await client.call('get_app', { app: wrong }), wrong, app);
  refused('an unknown argument', await client.call('get_app', { app, versionn: 1 }), 'versionn');
}

async function reads(client, app) {
  // The client compares each answer with the schema that the tool promised.
  for (const [tool, given] of [
    ['status', {}],
    ['list_changes', { limit: 50 }],
    ['list_files', { app }],
    ['read_file', { app, path: 'index.html' }],
    ['list_peers', {}],
  ]) {
    data(tool, await client.call(tool, given));
  }
  const resources = (await client.resources()).map((resource) => resource.uri);
  hold('the apps are a resource', resources.includes('fazt://apps'), resources);
  const index = await client.read(`fazt://apps/${app}/files/index.html`);
  hold('a file of an app can be read', JSON.stringify(index.contents).includes('the second version'), index);
  const templates = (await client.templates()).map((template) => template.uriTemplate);
  hold('files have a template', templates.some((template) => template.includes('{app}/files')), templates);
  const prompts = (await client.prompts()).map((prompt) => prompt.name);
  for (const name of ['new_app', 'debug_app', 'release']) {
    hold(`prompts/list has \`${name}\``, prompts.includes(name), prompts);
  }
  const debug = await client.prompt('debug_app', { app });
  hold('a prompt names its app', JSON.stringify(debug.messages).includes(app), debug);
  const completed = await client.complete('debug_app', 'app', app.slice(0, -2));
  hold('the app\'s name is completed', completed.includes(app), completed);
}

async function deletes(client, connect, app) {
  client.answer = async () => ({ action: 'decline' });
  await client.call('delete_app', { app });
  hold('a form that is declined keeps the app', (await names(client)).includes(app), await names(client));

  client.answer = async () => ({ action: 'accept', content: { confirm: false } });
  await client.call('delete_app', { app });
  hold('a form that says no keeps the app', (await names(client)).includes(app), await names(client));

  const asked = [];
  client.answer = async (question) => {
    asked.push(question);
    return { action: 'accept', content: { confirm: true } };
  };
  const gone = data('delete_app', await client.call('delete_app', { app }));
  hold('one question was asked', asked.length === 1, asked);
  hold('the question names the app', asked[0].message.includes(app), asked[0]);
  hold('the question asks for `confirm`', asked[0].requestedSchema?.properties?.confirm?.type === 'boolean', asked[0]);
  hold('a form that is accepted deletes the app', !(await names(client)).includes(app), await names(client));

  data('undo', await client.call('undo', { change: gone.change }));
  hold('undo brings the app back', (await names(client)).includes(app), await names(client));

  const bare = await connect({ forms: false });
  try {
    refused('deleting without a form', await bare.call('delete_app', { app }), 'confirm', app);
    hold('the app is still there', (await names(bare)).includes(app), await names(bare));
    const wrong = await bare.call('delete_app', { app, confirm: 'another' });
    hold('another name does not confirm', wrong.isError === true, text(wrong));
    hold('the app is still there', (await names(bare)).includes(app), await names(bare));
    data('delete_app with `confirm`', await bare.call('delete_app', { app, confirm: app }));
    hold('the name as `confirm` deletes the app', !(await names(bare)).includes(app), await names(bare));
  } finally {
    await bare.close();
  }
}

/** A deploy that is given up after its first note: it is all there or not at all. */
async function cancels(client, app, folder) {
  const files = client.stdio ? 3000 : 1500;
  if (client.stdio) {
    await site(folder, 'never to be seen', files);
  }
  const given = client.stdio ? { path: folder } : { files: inline('never to be seen', files) };
  const stop = new AbortController();
  let ended = null;
  const call = client
    .call('deploy', { app, ...given }, { onprogress: () => stop.abort('enough'), signal: stop.signal })
    .then((result) => { ended = result; }, () => {});
  await call;
  hold('the call was given up', stop.signal.aborted, 'no progress came before the end');
  hold('a call that was given up has no answer', ended === null, ended);
  const status = data('status after a cancel', await client.call('status', {}));
  hold('the server answers after a cancel', status !== undefined, status);
  const left = await names(client);
  if (client.stdio) {
    hold('nothing of a cancelled deploy is left', !left.includes(app), left);
  } else if (left.includes(app)) {
    const seen = data('get_app', await client.call('get_app', { app }));
    hold('a deploy is whole or not at all', seen.versions.length === 1 && seen.versions[0].files === files + 1, seen);
    data('delete_app', await client.call('delete_app', { app, confirm: app }));
  }
}

/** A question that stays open while the caller gives up (older revisions ask during the call). */
async function cancelsAQuestion(client, app) {
  data('deploy', await client.call('deploy', { app, files: inline('asked about', 1) }));
  const stop = new AbortController();
  client.answer = async () => {
    stop.abort('no answer');
    return new Promise(() => {});
  };
  const gaveUp = await client.call('delete_app', { app }, { signal: stop.signal }).then(() => false, () => true);
  hold('a question that is given up ends the call', gaveUp, 'it was answered');
  hold('the app is still there', (await names(client)).includes(app), await names(client));
  client.answer = async () => ({ action: 'accept', content: { confirm: true } });
  data('delete_app', await client.call('delete_app', { app, confirm: app }));
}

/** Makes the journey and prints its row; answers whether all of it held. */
export async function journey({ who, transport, revision, open, older = false }) {
  checks = 0;
  const row = `${who.padEnd(10)} ${transport.padEnd(9)} ${revision}`;
  const app = `j-${who}-${transport}-${revision}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const folder = join(world.work, app);
  const from = Date.now();
  let client;
  try {
    client = await open({ forms: true });
    const spoken = client.version();
    hold(`revision ${revision} is spoken`, revision === 'auto' || spoken === revision, spoken);
    await listsTools(client);
    hold('the app is not there yet', !(await names(client)).includes(app), await names(client));
    const url = await deploys(client, app, folder);
    await fetches(client, url, 'the second version');
    await movesBetweenVersions(client, app, url);
    await errorsTeach(client, app);
    await reads(client, app);
    await client.also?.(hold);
    await deletes(client, open, app);
    client.answer = async () => ({ action: 'accept', content: { confirm: true } });
    await cancels(client, `${app}-x`, `${folder}-x`);
    if (older) {
      await cancelsAQuestion(client, `${app}-q`);
    }
    await client.close();
    console.log(`ok      ${row}  ${checks} checks, ${((Date.now() - from) / 1000).toFixed(1)} s`);
    return true;
  } catch (error) {
    await client?.close().catch(() => {});
    console.log(`FAILED  ${row}  after ${checks} checks: ${error.message}`);
    if (process.env.VERBOSE) console.error(error);
    return false;
  }
}
