export default () => (Object('boxed'))
