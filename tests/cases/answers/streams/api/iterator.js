export default async function* () {
  for (let n = 0; n < 3; n++) {
    await null
    yield `line ${n}\n`
  }
}
