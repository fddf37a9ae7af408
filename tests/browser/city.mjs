// A small city for the browser tests: the real gateway in a folder of its own, nodes that publish over MQTT.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";

const HOUR = 3_600_000;

/** Nodes of the city: type, site, what they measure (quantity, unit, middle, swing) and how often. */
export const NODES = [
  ["air-toumba", "air-sds011-dht22", "toumba", "Σταθμός αέρα Τούμπας", "Air station Toumba", [["pm25", "ug/m3", 18, 9], ["pm10", "ug/m3", 31, 14], ["temperature", "Cel", 12, 5], ["humidity", "%", 62, 14]], 150],
  ["air-kamara", "air-sds011-dht22", "arch-of-galerius", "Σταθμός αέρα Καμάρας", "Air station Kamara", [["pm25", "ug/m3", 24, 11], ["temperature", "Cel", 13, 4]], 300],
  ["sound-aristotelous", "sound-class2", "aristotelous", "Θόρυβος Αριστοτέλους", "Sound Aristotelous", [["sound_laeq", "dB", 66, 7]], 300],
  ["weather-white-tower", "weather-station", "white-tower", "Μετεωρολογικός Λευκού Πύργου", "Weather White Tower", [["wind_speed", "m/s", 4, 3], ["temperature", "Cel", 13, 4], ["pressure", "hPa", 1014, 4]], 600],
  ["bin-xirokrini-1", "bin-ultrasonic", "xirokrini", "Κάδος Ξηροκρήνης 1", "Bin Xirokrini 1", [["bin_fill", "%", 50, 40], ["battery", "V", 3.6, 0.05]], 3600],
  ["swing-nea-elvetia", "play-swing", "nea-elvetia", "Κούνια Νέας Ελβετίας", "Swing Nea Elvetia", [["tilt", "deg", 0.4, 0.2], ["battery", "V", 3.5, 0.05]], 3600],
  ["soil-kallithea", "soil", "kallithea", "Υγρασία εδάφους Καλλιθέας", "Soil Kallithea", [["soil_moisture", "%", 24, 6]], 3600],
  ["lift-panepistimio", "lift-monitor", "panepistimio", "Ανελκυστήρας Πανεπιστημίου", "Lift Panepistimio", [["motor_temperature", "Cel", 48, 9]], 600],
];

export class City {
  constructor(binary) {
    this.binary = binary;
    this.folder = mkdtempSync(join(tmpdir(), "city-"));
    this.config = join(this.folder, "gateway.toml");
    this.secrets = new Map();
  }

  /** `demonstration` and `read`: as the keys of the configuration; they are kept when it starts again. */
  configure({ http = "127.0.0.1:0", mqttAt = "127.0.0.1:0", ...rules } = {}) {
    this.rules = { demonstration: true, read: "anyone", ...this.rules, ...rules };
    writeFileSync(this.config, `data_dir = "data"
demonstration = ${this.rules.demonstration}
[municipality]
name = "Δήμος Θεσσαλονίκης"
department = "Διεύθυνση Έξυπνης Πόλης"
phone = "+30 2310 000000"
[listen]
mqtt = "${mqttAt}"
http = "${http}"
[enrolment]
mode = "open"
[access]
read = "${this.rules.read}"
[windows]
settle_s = 1
quiet_s = 1
[limits]
checkpoint_s = 1
${this.rules.more ?? ""}`);
  }

  add(id, type, site, el, en) {
    const out = execFileSync(this.binary, ["node", "--config", this.config, "add", id, "--type", type, "--site", site, "--name-el", el, "--name-en", en], { encoding: "utf8" });
    const secret = /^ {4}(\S+)$/m.exec(out)?.[1];
    if (!secret) throw new Error(`no secret in: ${out}`);
    this.secrets.set(id, secret);
  }

  async start() {
    const ports = join(this.folder, "data", "ports.json");
    rmSync(ports, { force: true });
    this.process = spawn(this.binary, ["run", "--config", this.config], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, RUST_LOG: "warn" } });
    this.log = "";
    this.process.stderr.on("data", (chunk) => { this.log += chunk; });
    for (let tries = 0; !existsSync(ports); tries++) {
      if (tries > 300 || this.process.exitCode !== null) throw new Error(`the gateway did not start:\n${this.log}`);
      await sleep(100);
    }
    const told = JSON.parse(readFileSync(ports, "utf8"));
    this.http = `http://${told.http}`;
    this.mqtt = `mqtt://${told.mqtt}`;
    // The same addresses when it starts again.
    this.configure({ http: told.http, mqttAt: told.mqtt });
  }

  async kill() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await ended;
  }

  node(id) {
    return mqtt.connectAsync(this.mqtt, { clientId: id, username: id, password: this.secrets.get(id), protocolVersion: 5, reconnectPeriod: 0 });
  }

  /** Publishes records and waits until they are acknowledged: they are on disk. */
  async publish(client, id, records) {
    await client.publishAsync(`city/${id}/readings`, JSON.stringify(records), { qos: 1 });
  }

  async json(path) {
    return (await fetch(this.http + path)).json();
  }

  /** Waits until all that was published is stored. */
  async settled() {
    for (let tries = 0; tries < 1200; tries++) {
      if ((await this.json("/api/ledger")).all.pending === 0) return;
      await sleep(100);
    }
    throw new Error("the ledger does not come to rest");
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Eight days of a series with a course of the day, a gap, a spike and a reading out of range. */
export function history([quantity, unit, middle, swing], period, now, seed) {
  const records = [];
  let noise = seed;
  for (let at = now - 8 * 24 * HOUR; at < now - 60_000; at += period * 1000) {
    const age = now - at;
    if (age > 50 * HOUR && age < 59 * HOUR && seed % 2 === 0) continue;
    noise = (noise * 16807) % 2147483647;
    const course = Math.sin(((at % (24 * HOUR)) / (24 * HOUR)) * 2 * Math.PI - 1.5);
    const value = middle + swing * (0.7 * course + 0.3 * (noise / 1073741823 - 1));
    records.push({ n: quantity, u: unit, t: Math.round(at / 1000), v: Number(Math.max(value, quantity === "temperature" ? -20 : 0).toFixed(2)) });
  }
  if (quantity === "pm25") records[records.length - 40].v = 640;
  if (quantity === "pm10") records[records.length - 60].v = 2400;
  return records;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
