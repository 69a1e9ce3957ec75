let inside = 0
export default async () => {
  inside++
  await new Promise((go) => setTimeout(go, 5))
  return String(inside--)
}
