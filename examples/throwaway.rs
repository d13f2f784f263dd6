use lapwing::decode::{self, gzip::Inflater, Origin, Sink, Reject};
use lapwing_detectors::event::*;
struct S { n: u64, h: u64, show: bool }
impl Sink for S {
  fn event(&mut self, e: &Event<'_>) { self.n += 1; self.h ^= e.identity.0; if self.show { println!("  {:?} {} {} {:?}", e.time, e.account, e.weight, e.what); } if let What::Call(c)=&e.what { self.h ^= c.request.len() as u64; } }
  fn reject(&mut self, r: Reject) { if std::env::var("QUIET").is_err() {println!("  reject {} {}", r.record, r.what);} }
}
fn cpu() -> f64 { use std::time::*; SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() }
fn main() {
  let mut args: Vec<String> = std::env::args().skip(1).collect();
  if args[0] == "bench" {
    args.remove(0);
    let files: Vec<Vec<u8>> = args.iter().map(|f| std::fs::read(f).unwrap()).collect();
    for _ in 0..9 {
      let (mut inf, mut dec, mut bytes, mut n) = (0.0, 0.0, 0usize, 0u64);
      let mut i = Inflater::new(); let mut out = Vec::new();
      for f in &files {
        let a = cpu(); i.inflate(f, &mut out, 1<<30).unwrap(); let b = cpu();
        let mut s = S{n:0,h:0,show:false};
        let d = decode::decode(&out, &Origin::default(), &mut s).unwrap(); let c = cpu();
        inf += b-a; dec += c-b; bytes += out.len(); n += d.events;
      }
      println!("events {n} MB {:.1} inflate {:.0} MB/s decode {:.0} MB/s ratio {:.2} {:.2} us/event", bytes as f64/1e6, bytes as f64/1e6/inf, bytes as f64/1e6/dec, dec/inf, dec/n as f64*1e6);
    }
    return;
  }
  let show = std::env::var("SHOW").is_ok();
  for f in args {
    let b = std::fs::read(&f).unwrap(); let mut out = Vec::new();
    let r = Inflater::new().inflate(&b, &mut out, 1<<30);
    if let Err(e) = r { println!("{f}: {e}"); }
    let mut s = S{n:0,h:0,show};
    match decode::decode(&out, &Origin::default(), &mut s) {
      Ok(d) => println!("{f}\t{}\t{}\t{}\t{}\t{:?}\t{:?}", d.records, d.events, d.rejects, d.control, d.format, decode::first_time(&out[..out.len().min(4096)])),
      Err(e) => println!("{f}\trefused\t{e}"),
    }
  }
}
