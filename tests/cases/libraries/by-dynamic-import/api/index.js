export default async () => {
  const { marked } = await import('marked')
  return marked.parseInline('*a*')
}
