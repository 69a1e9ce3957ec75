export default () => new Response('hi', { status: 203, headers: [['x-a', '1'], ['x-a', '2']] })
