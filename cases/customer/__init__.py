"""The customer's pages: reached by a link, without a login, without cookies, without scripts."""
