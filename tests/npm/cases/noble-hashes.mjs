// Hashes in JavaScript, for those that Web Crypto does not have.
import { blake3 } from "@noble/hashes/blake3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export const expected = {
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha3: "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
  blake3: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
  hmac: "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
};

export default () => {
  const abc = utf8ToBytes("abc");
  const mac = hmac(sha256, utf8ToBytes("key"), utf8ToBytes("The quick brown fox jumps over the lazy dog"));
  return {
    sha256: bytesToHex(sha256(abc)),
    sha3: bytesToHex(sha3_256(abc)),
    blake3: bytesToHex(blake3(abc)),
    hmac: bytesToHex(mac),
  };
};
