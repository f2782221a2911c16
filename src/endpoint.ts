/** `10.0.0.1:80`, `[2001:db8::1]:80`, `10.0.0.1:all` */
export function endpoint(address: string, port: number | string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
