// What the tests of kubectl apply, and how they read what it prints.

/** An Ingress to the Service `web`. */
export const ingress = (name: string, more: { host?: string; className?: string; annotations?: string } = {}): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations: {${more.annotations ?? ''}}
spec:
  ingressClassName: ${more.className ?? 'nginx'}
  rules:
  - host: ${more.host ?? `${name}.example.com`}
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service: {name: web, port: {number: 80}}
`;

/** Two named ports. */
export const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  selector: {app: ${name}}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: https, port: 443}
`;

/** A table as kubectl prints it, without the widths of its columns. */
export const lines = (text: string): string[] => text.trimEnd().split('\n').map((line) => line.replace(/\s+/g, ' ').trim());
