import { expect } from 'chai';
import { discoveryRoutes } from '../../../src/dev-cluster/discovery.js';
import { openApiDocument, openApiIndex } from '../../../src/dev-cluster/open-api.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';

const routes = new Map(discoveryRoutes().map(({ path, document }) => [path, document]));
interface ResourceList { resources: { name: string; shortNames?: string[]; singularName: string; verbs: string[] }[] }

describe('dev-cluster: discovery', () => {
  it('lists every served kind under its group and version', () => {
    for (const { group, version, plural } of resourceTypes) {
      const list = routes.get(group === '' ? '/api/v1' : `/apis/${group}/${version}`) as ResourceList;
      expect(list.resources.map((resource) => resource.name)).to.include(plural);
    }
  });

  it('offers the status of an Ingress, the scale of a Deployment and the access review', () => {
    const names = (path: string): string[] => (routes.get(path) as ResourceList).resources.map((resource) => resource.name);
    expect(names('/apis/networking.k8s.io/v1')).to.include.members(['ingresses', 'ingresses/status', 'ingressclasses']);
    expect(names('/apis/apps/v1')).to.include('deployments/scale');
    expect(names('/apis/authorization.k8s.io/v1')).to.deep.equal(['selfsubjectaccessreviews']);
  });

  it('names each group once in /apis', () => {
    const { groups } = routes.get('/apis') as { groups: { name: string }[] };
    expect(groups.map((group) => group.name)).to.have.members([...new Set(groups.map((group) => group.name))]).and.include('networking.k8s.io');
  });
});

describe('dev-cluster: OpenAPI', () => {
  it('indexes a document for every served group and version', () => {
    const { paths } = openApiIndex() as { paths: Record<string, { serverRelativeURL: string }> };
    expect(paths).to.have.property('apis/networking.k8s.io/v1').with.property('serverRelativeURL').that.matches(/^\/openapi\/v3\/apis\/networking/);
    expect(paths).to.have.property('api/v1');
    expect(openApiDocument('nobody.example', 'v1')).to.equal(undefined);
  });

  it('offers fieldValidation on every write, which kubectl looks for before it applies', () => {
    const document = openApiDocument('networking.k8s.io', 'v1') as { paths: Record<string, Record<string, { parameters: { name: string }[] }>> };
    const patch = document.paths['/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}']!['patch']!;
    expect(patch.parameters.map((parameter) => parameter.name)).to.include.members(['fieldValidation', 'dryRun', 'fieldManager']);
  });
});
