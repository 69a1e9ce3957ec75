const { auth } = fazt
export const GET = (req) => [auth.getUser().id, auth.isLoggedIn(), auth.hasRole('editor'), auth.isAdmin(), auth.isOwner(), req.user.id, req.user.roles]
export const POST = () => { auth.requireRole('editor'); return 'edited' }
export const PUT = () => { auth.requireOwner(); return 'owned' }
