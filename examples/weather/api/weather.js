// The weather of a city, from an API that wants a key in a header.
//
//   fazt net allow api.weather.example --app weather
//   fazt secret set WEATHER_KEY --app weather --host api.weather.example \
//     --as header --key x-api-key
//
// The node adds the key; here it is only a name. What comes back is kept for five
// minutes: an answer to a call with a secret is never kept by the node itself.

const MINUTES = 60 * 1000;

export function GET(req) {
  const city = req.query.city ?? "Basel";
  const known = fazt.app.kv.get(`weather:${city}`);
  if (known) return { ...known, kept: true };
  try {
    const url = `https://api.weather.example/now?city=${encodeURIComponent(city)}`;
    const res = fazt.net.fetch(url, { auth: "WEATHER_KEY", timeout: 2000 });
    if (!res.ok) return failed(502, `the API answers ${res.status}`);
    const { celsius } = res.json();
    fazt.app.kv.set(`weather:${city}`, { city, celsius }, { ttl: 5 * MINUTES });
    return { city, celsius, kept: false };
  } catch (error) {
    return failed(error.retryable ? 503 : 502, error.code ?? "no answer");
  }
}

function failed(status, error) {
  const headers = { "content-type": "application/json" };
  return { status, headers, body: JSON.stringify({ error }) };
}
