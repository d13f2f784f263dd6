//! Decoding a CloudTrail log file, beside inflating it. Generated records pack better than real ones, so that inflating
//! looks faster here than it is; decoding does not care.

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use lapwing::decode::gzip::{INFLATE_CAP, Inflater};
use lapwing::decode::{Origin, Reject, Sink, decode};
use lapwing_detectors::event::Event;

/// Records in the file: as many as a busy account writes in five minutes.
const RECORDS: u64 = 2_000;

struct Count(u64);

impl Sink for Count {
    fn event(&mut self, event: &Event<'_>) {
        self.0 ^= black_box(event).identity.0;
    }

    fn reject(&mut self, reject: Reject) {
        black_box(reject);
    }
}

/// A number that looks random and is the same in every run.
fn mixed(n: u64) -> u64 {
    let n = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A record of usual size and shape; ids, times and names differ from record to record.
fn record(n: u64) -> String {
    let (a, b, role) = (mixed(n), mixed(n ^ 0xffff), mixed(n) % 40);
    let (minute, second) = (n / 60 % 60, n % 60);
    let names =
        ["GetObject", "DescribeInstances", "AssumeRole", "PutObject", "ListBuckets", "Decrypt", "GetSecretValue"];
    let name = names[(a % 7) as usize];
    let error = if a % 32 == 0 { r#""errorCode":"AccessDenied","errorMessage":"User is not authorized","# } else { "" };
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role:08}:run-{b:016x}","arn":"arn:aws:sts::111122223333:assumed-role/service-{role}/run-{b:016x}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE{b:016x}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role:08}","arn":"arn:aws:iam::111122223333:role/service-{role}","accountId":"111122223333","userName":"service-{role}"}},"webIdFederationData":{{}},"attributes":{{"creationDate":"2026-01-02T03:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-02T03:{minute:02}:{second:02}Z","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.{role}","userAgent":"[Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#5.10 md/arch#x86_64 lang/python#3.11.8]",{error}"requestParameters":{{"bucketName":"data-{role}","Host":"data-{role}.s3.eu-west-1.amazonaws.com","key":"part/{a:016x}.json","filters":[{{"name":"tag","values":["a","b"]}}]}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{a:032x}{b:032x}","bytesTransferredOut":{role}}},"requestID":"{b:016X}","eventID":"{a:016x}-{b:016x}","readOnly":true,"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data-{role}/part/{a:016x}.json"}},{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-{role}"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"data-{role}.s3.eu-west-1.amazonaws.com"}}}}"#
    )
}

fn log_file(c: &mut Criterion) {
    let records: Vec<String> = (0..RECORDS).map(record).collect();
    let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packed.write_all(text.as_bytes()).and_then(|()| packed.finish()).unwrap_or_default();

    let mut group = c.benchmark_group("log file");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let (mut inflater, mut out) = (Inflater::new(), Vec::new());
    group.bench_function("inflate", |b| b.iter(|| inflater.inflate(black_box(&packed), &mut out, INFLATE_CAP)));
    group
        .bench_function("decode", |b| b.iter(|| decode(black_box(text.as_bytes()), &Origin::default(), &mut Count(0))));
    group.finish();
}

criterion_group!(benches, log_file);
criterion_main!(benches);
