export default async () => ({ value: await { then: (go) => go('waited') } })
