// Asks for permission at the last moment: when a request is about to be put on its connection. Between the wish to write and
// that moment a process can be frozen for minutes, and then the right to write has gone to somebody else.

import type { Dispatcher } from 'undici';
import { OperationalError } from './operational-error.js';

/** A dispatcher whose requests fail with `aborted`, unsent, when `permit` says no; `what` names the request. */
export function fenceRequest(dispatcher: Dispatcher, permit: () => boolean, what: string): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, {
    onRequestStart(controller, context) {
      if (permit()) handler.onRequestStart?.(controller, context);
      else controller.abort(new OperationalError('aborted', `${what}: not sent, for the right to write has ended`));
    },
    onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
    onResponseStart: (...all) => handler.onResponseStart?.(...all),
    onResponseData: (...all) => handler.onResponseData?.(...all),
    onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
    onResponseError: (...all) => handler.onResponseError?.(...all),
  }));
}
