function log(f) { return f }
export default class { @log a() {} }
