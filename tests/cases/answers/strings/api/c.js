export default () => '\n  <!doctype html>'
