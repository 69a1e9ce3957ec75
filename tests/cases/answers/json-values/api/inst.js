export default () => (new (class { a = 1; #b = 2 }))
