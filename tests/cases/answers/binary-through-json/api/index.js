export default (req) => {
  const bytes = Uint8Array.from(atob(req.body.data), (c) => c.charCodeAt(0))
  return { data: btoa(String.fromCharCode(...bytes.toReversed())), length: bytes.length }
}
