/** Host names of this machine, with or without a port. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Why a request must not be answered; undefined when it may. A web page can make a browser send requests to
 * loopback: under a name that was rebound to 127.0.0.1 (the Host is then that name), or across origins.
 */
export function refusal(host: string | undefined, origin: string | undefined): string | undefined {
  if (host === undefined || !LOOPBACK.test(host))
    return `requests for the host ${JSON.stringify(host ?? "")} are not answered: only loopback is`;
  if (origin === undefined) return undefined;
  if (URL.canParse(origin) && LOOPBACK.test(new URL(origin).host)) return undefined;
  return `requests from the origin ${JSON.stringify(origin)} are not answered: only loopback is`;
}
