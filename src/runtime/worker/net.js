// `fazt.net.fetch` and the standard `fetch`, over the three ways to ask the host.
(host) => {
  "use strict";
  const { now, later, cancel } = host;
  const pairs = (headers) => {
    if (headers === undefined || headers === null) return [];
    const list = typeof headers[Symbol.iterator] === "function"
      ? [...headers]
      : Object.entries(headers);
    return list.flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => [String(name), String(one)]));
  };

  const bytes = (body) => {
    if (body === undefined || body === null) return undefined;
    if (typeof body === "string" || body instanceof Uint8Array) return body;
    if (body instanceof ArrayBuffer) return new Uint8Array(body);
    if (ArrayBuffer.isView(body)) {
      return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    }
    const { URLSearchParams } = globalThis;
    if (URLSearchParams && body instanceof URLSearchParams) return String(body);
    throw new TypeError("a body has to be a string or bytes; JSON.stringify makes one of a value");
  };

  const plain = (url, options) => {
    const { method, headers, body, timeout, auth, redirect } = options ?? {};
    const given = pairs(headers);
    const { URLSearchParams } = globalThis;
    if (URLSearchParams && body instanceof URLSearchParams
      && !given.some(([name]) => name.toLowerCase() === "content-type")) {
      given.push(["content-type", "application/x-www-form-urlencoded;charset=UTF-8"]);
    }
    const ask = { url: String(url), headers: given };
    if (method !== undefined) ask.method = String(method);
    if (timeout !== undefined) ask.timeout = Number(timeout);
    if (auth !== undefined && auth !== null) ask.auth = String(auth);
    if (redirect === "manual" || redirect === "error") ask.stays = true;
    return [ask, bytes(body)];
  };

  const named = (headers) => {
    const cookies = headers.filter(([name]) => name === "set-cookie").map(([, value]) => value);
    const all = Object.fromEntries(headers);
    if (cookies.length > 0) all["set-cookie"] = cookies;
    return all;
  };

  const answer = ({ status, url, redirected, headers, body }) => {
    const text = () => new TextDecoder().decode(body);
    return {
      status, ok: status >= 200 && status < 300, url, redirected, headers: named(headers),
      text, json: () => JSON.parse(text()), bytes: () => body,
    };
  };

  const kept = (redirect, { status }) => {
    if (redirect === "error" && [301, 302, 303, 307, 308].includes(status)) {
      throw new TypeError("the answer is a redirect");
    }
  };

  const { Request } = globalThis;
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const { url, method, headers, signal, redirect } = request;
    const { timeout, auth } = init ?? {};
    signal.throwIfAborted();
    const body = await request.bytes();
    signal.throwIfAborted();
    const [ask] = plain(url, { method, headers, timeout, auth, redirect });
    const [ticket, promise] = later(ask, body.length > 0 ? body : undefined);
    let stop;
    const stopped = new Promise((_, reject) => {
      stop = () => {
        cancel(ticket);
        reject(signal.reason);
      };
      signal.addEventListener("abort", stop);
    });
    try {
      const response = await Promise.race([promise, stopped]);
      kept(redirect, response);
      return response;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };

  const fetchNow = (url, options) => {
    const raw = now(...plain(url?.url ?? url, options));
    kept(options?.redirect, raw);
    return answer(raw);
  };

  return {
    net: { fetch: { fetch: (url, options) => fetchNow(url, options) }.fetch },
    fetch: { fetch: (input, init) => fetch(input, init) }.fetch,
  };
}
