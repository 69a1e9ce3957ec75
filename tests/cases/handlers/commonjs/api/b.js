exports.GET = () => 'b'
exports.POST = () => 'posted'
