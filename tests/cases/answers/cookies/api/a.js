export default () => ({ headers: { 'Set-Cookie': ['a=1; Path=/', 'b=2'] }, body: 'x' })
