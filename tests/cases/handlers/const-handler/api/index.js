const handler = async ({ query }) => `hi ${query.name}`
