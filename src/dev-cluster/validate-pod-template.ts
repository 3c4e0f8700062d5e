// The mistakes in a pod template that a real API server refuses and that are easily made: containers without a name or an
// image, mounts of volumes that are not there, ports and names given twice.
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import type { Fields } from './field-access.js';
import { fieldsAt, listAt, textAt } from './field-access.js';
import { duplicateValue, invalidFor, invalidValue, requiredValue } from './field-error.js';
import { dns1123Label, portName, portNumber } from './name-rules.js';

export function validatePodTemplate(owner: KubeObject): FieldError[] {
  const field = 'spec.template.spec';
  const pod = fieldsAt(fieldsAt(fieldsAt(owner, 'spec'), 'template'), 'spec');
  const volumes = listAt(pod, 'volumes').map((volume) => textAt(volume, 'name'));
  return [
    ...duplicates(volumes, (index) => `${field}.volumes[${index}].name`),
    ...['initContainers', 'containers'].flatMap((list) => [
      ...duplicates(listAt(pod, list).map((one) => textAt(one, 'name')), (index) => `${field}.${list}[${index}].name`),
      ...listAt(pod, list).flatMap((one, index) => containerErrors(one, `${field}.${list}[${index}]`, volumes)),
    ]),
  ];
}

function containerErrors(container: Fields, field: string, volumes: readonly string[]): FieldError[] {
  const name = textAt(container, 'name');
  const ports = listAt(container, 'ports');
  return [
    ...(name === '' ? [requiredValue(`${field}.name`)] : invalidFor(`${field}.name`, name, dns1123Label(name))),
    ...(textAt(container, 'image') === '' ? [requiredValue(`${field}.image`)] : []),
    ...ports.flatMap((port, index) => [
      ...invalidFor(`${field}.ports[${index}].containerPort`, port['containerPort'], portNumber(port['containerPort'])),
      ...(textAt(port, 'name') === '' ? [] : invalidFor(`${field}.ports[${index}].name`, port['name'], portName(textAt(port, 'name')))),
    ]),
    ...duplicates(ports.map((port) => textAt(port, 'name')).filter((one) => one !== ''), (index) => `${field}.ports[${index}].name`),
    ...listAt(container, 'volumeMounts').flatMap((mount, index) =>
      (volumes.includes(textAt(mount, 'name')) ? [] : [{ ...invalidValue(`${field}.volumeMounts[${index}].name`, '', ''), reason: 'FieldValueNotFound', body: `Not found: ${JSON.stringify(textAt(mount, 'name'))}` }])),
  ];
}

function duplicates(values: readonly string[], fieldOf: (index: number) => string): FieldError[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [duplicateValue(fieldOf(index), value)] : []));
}
