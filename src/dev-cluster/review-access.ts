// SelfSubjectAccessReview, the question of `kubectl auth can-i`: answered by the same authorisation as every request.
import type { ServerContext } from './server-context.js';
import { decodeBody } from './decode-body.js';

export const REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

interface ResourceAttributes { verb?: string; group?: string; resource?: string; subresource?: string; namespace?: string; name?: string }

export function reviewAccess(context: ServerContext, body: Buffer, { user, contentType }: { user: string; contentType: string | undefined }): object {
  const review = decodeBody(body, contentType) as { spec?: { resourceAttributes?: ResourceAttributes } };
  const { verb = '', group = '', resource = '', subresource, namespace, name } = review.spec?.resourceAttributes ?? {};
  const allowed = context.authorize({
    verb, group, resource: subresource ? `${resource}/${subresource}` : resource, namespace: namespace || undefined, name: name || undefined, user,
  });
  return {
    kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, spec: review.spec ?? {}, status: { allowed },
  };
}
