export default async () => {
  const blob = new Blob(['aü', new Uint8Array([98, 99]), new Blob(['d'])], { type: 'Text/Plain' })
  const file = new File(['x'], 'n.txt', { type: 'text/x', lastModified: 5 })
  const read = []
  for await (const piece of blob.stream()) read.push(...piece)
  return [blob.size, blob.type, await blob.text(), [...await blob.slice(1, -2, 'a/b').bytes()], blob.slice(0, 0).size, (await blob.arrayBuffer()).byteLength, read.length, file.name, file.lastModified, file instanceof Blob, file.size]
}
