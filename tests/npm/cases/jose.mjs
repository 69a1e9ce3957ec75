// Signed tokens: HMAC, and ECDSA checked by a public key.
import { SignJWT, decodeProtectedHeader, importJWK, jwtVerify } from "jose";

const secret = new TextEncoder().encode("a secret of thirty-two bytes, ok");
// A token by somebody else's key: ES256.
const key = {
  kty: "EC", crv: "P-256",
  x: "-EOdP2bzxlBZYYNwSinVtQESqpno-aIb4j8dvg4YAtQ", y: "0K_VyBYXl5cDqKh7fEbXOTEhcgDkqXiz5puBPEG5wlA",
};
const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJib2IifQ.TD0W55S6g_I1Pl-rw_W6Wv8s6KkspXM3bPEAKabykaERy7C8LZtbAax2DC7BuhqpVqUIebgoEkuxzptBOpl1GQ";

export const expected = {
  algorithm: "HS256",
  payload: { sub: "ann", iat: 1700000000, exp: 4000000000 },
  forged: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
  late: "ERR_JWT_EXPIRED",
  signed: "bob",
};

export default async () => {
  const sign = (exp) => new SignJWT({ sub: "ann" })
    .setProtectedHeader({ alg: "HS256" }).setIssuedAt(1700000000).setExpirationTime(exp).sign(secret);
  const good = await sign(4000000000);
  const refused = (token) => jwtVerify(token, secret).then(() => "none", (error) => error.code);
  const last = good.at(-10) === "A" ? "B" : "A";
  return {
    algorithm: decodeProtectedHeader(good).alg,
    payload: (await jwtVerify(good, secret)).payload,
    forged: await refused(good.slice(0, -10) + last + good.slice(-9)),
    late: await refused(await sign(1700000001)),
    signed: (await jwtVerify(token, await importJWK(key, "ES256"))).payload.sub,
  };
};
