export default async () => {
  await null
  return new Error('here').stack.split('\n')[0]
}
