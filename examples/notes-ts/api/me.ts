// GET /api/me: who is signed in, and where one signs in and out.

export const GET = () => ({
  user: fazt.auth.getUser(),
  login: fazt.auth.getLoginURL(),
  logout: fazt.auth.getLogoutURL(),
});
