export default async () => { for (let n = 0; n < 1e5; n++) setTimeout(() => {}, 1e6); return 'done' }
