export default () => { for (let n = 0; n < 20000; n++) console.log('x'.repeat(20)); console.log('y'.repeat(5e6)); return 'done' }
