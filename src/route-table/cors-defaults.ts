// What answers say to pages of other origins where a policy says nothing of it: the defaults of ingress-nginx.

export const corsDefaults = {
  methods: 'GET, PUT, POST, DELETE, PATCH, OPTIONS',
  headers: 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization',
  /** Seconds. */
  maxAge: '1728000',
};
