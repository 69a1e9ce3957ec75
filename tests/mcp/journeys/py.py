"""Python's client: the newest revision and older ones, over HTTP, HTTP with SSE, and stdio.

The steps are those of `journey.mjs`; a step that does not hold says what it missed.
"""

import asyncio
import base64
import contextlib
import http.client
import os
import pathlib
import subprocess
import sys
import time
import traceback
import urllib.parse

import httpx2
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

WORK = pathlib.Path(os.environ["WORK"])
URL = os.environ["URL_BASE"]
BEARER = {"Authorization": f"Bearer {os.environ['TOKEN']}"}


class Missed(Exception):
    """What a step missed."""


class Journey:
    """One client on one transport at one revision."""

    def __init__(self, transport, revision, mode, db=None):
        self.transport, self.revision, self.mode, self.db = transport, revision, mode, db
        self.app = f"j-py-{transport}-{revision}".replace("+", "-")
        self.folder = WORK / self.app
        self.stdio = transport == "stdio"
        self.answer = None
        self.checks = 0

    def hold(self, what, holds, found=""):
        self.checks += 1
        if not holds:
            raise Missed(f"{what}; found: {str(found)[:600]}")

    @contextlib.asynccontextmanager
    async def client(self, forms=True):
        async with contextlib.AsyncExitStack() as stack:
            if self.stdio:
                env = {"PATH": os.environ["PATH"], "HOME": str(WORK), "FAZT_DB": str(self.db), "FAZT_PORT": "0"}
                server = StdioServerParameters(command=os.environ["FAZT"], args=["mcp"], env=env)
            elif self.transport == "http":
                web = await stack.enter_async_context(httpx2.AsyncClient(headers=BEARER, timeout=60))
                server = streamable_http_client(f"{URL}/mcp", http_client=web)
            else:
                server = sse_client(f"{URL}/sse", headers=BEARER)

            async def elicit(_context, asked):
                return await self.answer(asked)

            callback = elicit if forms else None
            yield await stack.enter_async_context(
                Client(server, mode=self.mode, elicitation_callback=callback, cache=None)
            )

    @staticmethod
    def text(result):
        return "\n".join(part.text for part in result.content if part.type == "text")

    async def call(self, client, tool, **given):
        progress = given.pop("progress", None)
        return await client.call_tool(tool, given, read_timeout_seconds=60, progress_callback=progress)

    async def data(self, client, tool, **given):
        result = await self.call(client, tool, **given)
        self.hold(f"{tool} succeeds", not result.is_error, self.text(result))
        self.hold(f"{tool} answers structured content", result.structured_content is not None, result)
        self.hold(f"{tool} answers a text too", self.text(result), result)
        return result.structured_content

    async def refused(self, client, tool, *words, **given):
        result = await self.call(client, tool, **given)
        self.hold(f"{tool} is refused as a tool error", result.is_error, self.text(result))
        for word in words:
            self.hold(f"the refusal of {tool} says `{word}`", word in self.text(result), self.text(result))

    async def names(self, client):
        return [app["name"] for app in (await self.data(client, "list_apps", limit=100))["apps"]]

    def site(self, folder, said, files):
        (folder / "pages").mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(f"<!doctype html><h1>{said}</h1>")
        for n in range(files):
            (folder / "pages" / f"{n}.txt").write_text(f"{said} {n}\n" * 40)

    def given(self, folder, said, files):
        """The files as this transport takes them."""
        if self.stdio:
            self.site(folder, said, files)
            return {"path": str(folder)}
        page = base64.b64encode(f"<!doctype html><h1>{said}</h1>".encode()).decode()
        pages = [{"path": f"pages/{n}.txt", "content": f"{said} {n}\n" * 10} for n in range(files)]
        return {"files": [{"path": "index.html", "base64": page}, *pages]}

    def visit(self, url):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
        try:
            connection.request("GET", parts.path or "/", headers={"Host": parts.netloc})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    async def lists(self, client):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for name in ("deploy", "list_apps", "get_app", "promote", "fetch_test", "delete_app", "undo"):
            self.hold(f"tools/list has `{name}`", name in tools, list(tools))
        self.hold("tools/list holds no fixture of a test", not [n for n in tools if n.startswith("test_")], list(tools))
        self.hold("deleting is marked as destructive", tools["delete_app"].annotations.destructive_hint, tools["delete_app"])

    async def deploys(self, client):
        notes = []

        async def progress(done, total, message):
            notes.append(done)

        given = self.given(self.folder, "the first version", 60)
        one = await self.data(client, "deploy", app=self.app, progress=progress, **given)
        self.hold("a deploy tells of its progress", notes, notes)
        self.hold("progress grows from note to note", all(a < b for a, b in zip(notes, notes[1:])), notes)
        self.hold("the first deploy makes version 1, live", one["version"] == 1 and one["live"], one)
        self.hold("all files arrive", one["files"] == 61, one)
        self.hold("a visitor sees the first version", "the first version" in self.visit(one["url"])[1], one)
        if self.stdio:
            given = self.given(self.folder, "the second version", 60)
            two = await self.data(client, "deploy", app=self.app, **given)
            self.hold("the second deploy makes version 2", two["version"] == 2, two)
        else:
            await self.by_ticket(client)
        self.hold("a visitor sees the second version", "the second version" in self.visit(one["url"])[1], one)
        return one["url"]

    async def by_ticket(self, client):
        upload = (await self.data(client, "deploy", app=self.app)).get("upload")
        self.hold("a deploy without files answers an upload", upload and upload["command"], upload)
        self.site(self.folder, "the second version", 60)
        done = await asyncio.to_thread(
            subprocess.run, ["bash", "-c", upload["command"]], cwd=self.folder, capture_output=True, timeout=60
        )
        self.hold("the ticket's line runs as it is given", done.returncode == 0, (upload["command"], done.stderr))
        seen = await self.data(client, "get_app", app=self.app)
        self.hold("the upload is version 2, live", seen["live"] == 2, seen)

    async def fetches(self, client, url, said):
        tested = await self.data(client, "fetch_test", url=url, expect_body=said)
        self.hold(f'fetch_test finds "{said}"', tested["passed"] and tested["status"] == 200, tested)

    async def moves(self, client, url):
        one = await self.data(client, "promote", app=self.app, version=1)
        self.hold("version 1 is live again", one["version"] == 1 and one["previous"] == 2, one)
        await self.fetches(client, url, "the first version")
        back = await self.data(client, "promote", app=self.app)
        self.hold("promote without a version goes back", back["version"] == 2, back)
        await self.fetches(client, url, "the second version")

    async def reads(self, client):
        uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
        self.hold("the apps are a resource", "fazt://apps" in uris, uris)
        index = await client.read_resource(f"fazt://apps/{self.app}/files/index.html")
        self.hold("a file of an app can be read", "the second version" in str(index.contents), index)
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        self.hold("prompts are listed", {"new_app", "debug_app", "release"} <= set(prompts), prompts)
        ref = types.PromptReference(type="ref/prompt", name="debug_app")
        completed = await client.complete(ref, {"name": "app", "value": self.app[:-2]})
        self.hold("the app's name is completed", self.app in completed.completion.values, completed)

    def answers(self, action, **content):
        async def answer(_asked):
            return types.ElicitResult(action=action, content=content or None)

        self.answer = answer

    async def deletes(self, client):
        self.answers("decline")
        await self.call(client, "delete_app", app=self.app)
        self.hold("a form that is declined keeps the app", self.app in await self.names(client))
        self.answers("accept", confirm=True)
        gone = await self.data(client, "delete_app", app=self.app)
        self.hold("a form that is accepted deletes the app", self.app not in await self.names(client))
        await self.data(client, "undo", change=gone["change"])
        async with self.client(forms=False) as bare:
            await self.refused(bare, "delete_app", "confirm", self.app, app=self.app)
            self.hold("the app is still there", self.app in await self.names(bare))
            await self.data(bare, "delete_app", app=self.app, confirm=self.app)
            self.hold("the name as `confirm` deletes the app", self.app not in await self.names(bare))

    async def cancels(self, client):
        app, files = f"{self.app}-x", 3000 if self.stdio else 1500
        begun = asyncio.Event()

        async def progress(done, total, message):
            begun.set()

        given = self.given(WORK / app, "never to be seen", files)
        call = asyncio.create_task(self.call(client, "deploy", app=app, progress=progress, **given))
        await asyncio.wait_for(begun.wait(), 30)
        call.cancel()
        ended = (await asyncio.gather(call, return_exceptions=True))[0]
        self.hold("a call that was given up has no answer", isinstance(ended, asyncio.CancelledError), ended)
        left = await self.names(client)
        if self.stdio:
            self.hold("nothing of a cancelled deploy is left", app not in left, left)
        elif app in left:
            seen = await self.data(client, "get_app", app=app)
            self.hold("a deploy is whole or not at all", seen["versions"][0]["files"] == files + 1, seen)
            await self.data(client, "delete_app", app=app, confirm=app)

    async def steps(self):
        async with self.client() as client:
            spoken = client.protocol_version
            self.hold(f"revision {self.revision} is spoken", self.revision in ("auto", spoken), spoken)
            await self.lists(client)
            self.hold("the app is not there yet", self.app not in await self.names(client))
            url = await self.deploys(client)
            await self.fetches(client, url, "the second version")
            await self.moves(client, url)
            await self.refused(client, "get_app", self.app, app=f"{self.app}z")
            await self.reads(client)
            await self.deletes(client)
            await self.cancels(client)

    async def make(self):
        row = f"{'python':<10} {self.transport:<9} {self.revision}"
        start = time.monotonic()
        try:
            await asyncio.wait_for(self.steps(), 90)
        except BaseException as error:  # noqa: BLE001: a group hides what was missed
            while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]
            if os.environ.get("VERBOSE"):
                traceback.print_exception(error)
            print(f"FAILED  {row}  after {self.checks} checks: {type(error).__name__}: {error}", flush=True)
            return False
        print(f"ok      {row}  {self.checks} checks, {time.monotonic() - start:.1f} s", flush=True)
        return True


async def main():
    beside = os.environ["FAZT_DB"]
    rows = [
        Journey("http", "2026-07-28", "2026-07-28"),
        Journey("http", "auto", "auto"),
        Journey("http", "2025-11-25", "legacy"),
        Journey("http+sse", "2025-11-25", "legacy"),
        Journey("stdio", "2026-07-28", "2026-07-28", WORK / "py.db"),
        Journey("stdio", "auto", "auto", beside),
        Journey("stdio", "2025-11-25", "legacy", beside),
    ]
    return all([await row.make() for row in rows])


sys.exit(0 if asyncio.run(main()) else 1)
