const log = (f) => f
export default class { @log a() {} }
