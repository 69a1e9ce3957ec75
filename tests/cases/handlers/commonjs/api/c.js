exports.handler = async () => 'c'
