//! The stand-in for AWS: `tests/harness/server.py` in a process of its own, and a deployment of Lapwing in it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The log group of a trail, subscribed.
pub(super) const GROUP: &str = "aws-cloudtrail-logs";
/// The log group of somebody's function, subscribed.
pub(super) const FUNCTION_GROUP: &str = "/aws/lambda/checkout";
/// The table of the deployments that share their state.
pub(super) const TABLE: &str = "lapwing-state";
const ROLE: &str = "lapwing";

/// An AWS account with one deployment of Lapwing, or none. It ends with the value.
pub(super) struct Cloud {
    server: Child,
    port: u16,
    answers: BufReader<ChildStdout>,
    queue: String,
    topic: String,
    streams: AtomicU32,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // Waiting closes its standard input: it then ends its functions and itself.
        let _ = self.server.wait();
    }
}

/// What a deployment may differ in.
pub(super) struct Deployment {
    /// The text of `lapwing.toml` in its package.
    pub(super) settings: &'static str,
    /// Seconds that an invocation may take.
    pub(super) timeout: u32,
    /// Is state shared, in the table [`TABLE`]? Else each instance has its own.
    pub(super) shared: bool,
}

impl Default for Deployment {
    fn default() -> Deployment {
        Deployment { settings: "", timeout: 60, shared: false }
    }
}

/// A fresh account with Lapwing in it; `None` as of [`empty`].
pub(super) fn deployed(deployment: &Deployment) -> Option<Cloud> {
    let mut cloud = empty()?;
    cloud.deploy(deployment);
    Some(cloud)
}

/// A fresh account, or `None` when the Python packages are not installed; `tests/run` installs them, and demands that
/// nothing is skipped.
pub(super) fn empty() -> Option<Cloud> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("LAPWING_REQUIRE_E2E").is_none(), "{} is missing", python.display());
        println!("skipped: {} is missing; tests/run makes it", python.display());
        return None;
    }
    Some(Cloud::start(&python))
}

impl Cloud {
    /// The function is the binary of this build, or the one that `LAPWING_BOOTSTRAP` names: that which is deployed.
    fn start(python: &PathBuf) -> Cloud {
        let bootstrap = std::env::var_os("LAPWING_BOOTSTRAP").unwrap_or_else(|| env!("CARGO_BIN_EXE_bootstrap").into());
        let mut server = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/server.py"))
            .arg("--bootstrap")
            .arg(bootstrap)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(server.stdout.take().unwrap());
        let mut ready = String::new();
        answers.read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap_or_else(|e| panic!("the harness did not start: {e}"));
        let port = ready["port"].as_u64().unwrap() as u16;
        Cloud { server, port, answers, queue: String::new(), topic: String::new(), streams: AtomicU32::new(0) }
    }

    /// Makes what the template makes: topic, function, permission, subscription; and a queue that hears the topic.
    fn deploy(&mut self, deployment: &Deployment) {
        self.topic = self.call("sns", "create_topic", json!({"Name": "lapwing-alerts"}))["TopicArn"].take_text();
        self.queue = self.call("sqs", "create_queue", json!({"QueueName": "heard"}))["QueueUrl"].take_text();
        let queue_arn = self.call(
            "sqs",
            "get_queue_attributes",
            json!({
                "QueueUrl": self.queue, "AttributeNames": ["QueueArn"],
            }),
        )["Attributes"]["QueueArn"]
            .take_text();
        self.call("sns", "subscribe", json!({"TopicArn": self.topic, "Protocol": "sqs", "Endpoint": queue_arn}));
        let function = self.create_function(deployment);
        self.call(
            "lambda",
            "add_permission",
            json!({
                "FunctionName": "lapwing", "StatementId": "logs", "Action": "lambda:InvokeFunction",
                "Principal": "logs.amazonaws.com",
            }),
        );
        self.subscribe(GROUP, &function);
        self.subscribe(FUNCTION_GROUP, &function);
        self.subscribe("/aws/lambda/lapwing", &function);
    }

    fn create_function(&mut self, deployment: &Deployment) -> String {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}"#;
        let role = json!({"RoleName": ROLE, "AssumeRolePolicyDocument": trust});
        let role = self.call("iam", "create_role", role)["Role"]["Arn"].take_text();
        let mut variables = json!({"LAPWING_TOPIC_ARN": self.topic, "LAPWING_TOPIC_FORMAT": "json"});
        if deployment.shared {
            self.create_table(TABLE);
            variables["LAPWING_TABLE"] = json!(TABLE);
        }
        let package = self.call("harness", "package", json!({"files": {"lapwing.toml": deployment.settings}}));
        self.call("lambda", "create_function", json!({
            "FunctionName": "lapwing", "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role,
            "Architectures": ["arm64"], "MemorySize": 256, "Timeout": deployment.timeout, "Code": {"ZipFile": package},
            "Environment": {"Variables": variables},
        }))["FunctionArn"]
            .take_text()
    }

    fn subscribe(&mut self, group: &str, function: &str) {
        self.call("logs", "create_log_group", json!({"logGroupName": group}));
        self.call(
            "logs",
            "put_subscription_filter",
            json!({
                "logGroupName": group, "filterName": "lapwing", "filterPattern": "", "destinationArn": function,
            }),
        );
    }

    /// The port that it answers on.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The topic that alerts are sent to.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Makes a table as the template does.
    pub(super) fn create_table(&mut self, name: &str) {
        let attribute = |name| json!({"AttributeName": name, "AttributeType": "S"});
        let key = |name, kind| json!({"AttributeName": name, "KeyType": kind});
        let table = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [attribute("p"), attribute("s")],
            "KeySchema": [key("p", "HASH"), key("s", "RANGE")],
        });
        self.call("dynamodb", "create_table", table);
    }

    /// Calls an API of AWS, or of the harness itself, and returns what it answers.
    pub(super) fn call(&mut self, service: &str, operation: &str, args: Value) -> Value {
        let call = json!({"service": service, "operation": operation, "args": args});
        writeln!(self.server.stdin.as_mut().unwrap(), "{call}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_default();
        assert!(answer.get("error").is_none(), "{service} {operation}: {answer}");
        answer["ok"].take()
    }

    /// Writes messages into a log group, as one delivery to whoever is subscribed.
    pub(super) fn put_logs(&mut self, group: &str, messages: &[String]) {
        let stream = format!("stream-{}", self.streams.fetch_add(1, Ordering::Relaxed));
        self.call("logs", "create_log_stream", json!({"logGroupName": group, "logStreamName": stream}));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let events: Vec<Value> = messages.iter().map(|text| json!({"timestamp": now, "message": text})).collect();
        let args = json!({"logGroupName": group, "logStreamName": stream, "logEvents": events});
        self.call("logs", "put_log_events", args);
    }

    /// Invokes the function with a payload of our own, and returns its answer and whether it was an error.
    pub(super) fn invoke(&mut self, payload: &str) -> (Value, bool) {
        let answer = self.call("lambda", "invoke", json!({"FunctionName": "lapwing", "Payload": payload}));
        let body = serde_json::from_str(answer["Payload"].as_str().unwrap()).unwrap_or_default();
        (body, answer.get("FunctionError").is_some())
    }

    /// The alerts that have reached the queue since the last call: what SNS put round each, parsed.
    pub(super) fn heard(&mut self) -> Vec<Value> {
        let args = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 10});
        let mut heard = Vec::new();
        loop {
            let mut answer = self.call("sqs", "receive_message", args.clone());
            let Some(messages) = answer["Messages"].as_array_mut() else { return heard };
            for message in messages {
                let delete = json!({"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]});
                self.call("sqs", "delete_message", delete);
                heard.push(serde_json::from_str(message["Body"].as_str().unwrap()).unwrap());
            }
        }
    }

    /// The sum of a metric in the last hour, or `None` when it was never sent.
    pub(super) fn metric(&mut self, name: &str, dimensions: Value) -> Option<f64> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let answer = self.call(
            "cloudwatch",
            "get_metric_statistics",
            json!({
                "Namespace": "Lapwing", "MetricName": name, "Dimensions": dimensions, "StartTime": now - 3600,
                "EndTime": now + 60, "Period": 86_400, "Statistics": ["Sum"],
            }),
        );
        let points = answer["Datapoints"].as_array().unwrap();
        (!points.is_empty()).then(|| points.iter().filter_map(|point| point["Sum"].as_f64()).sum())
    }

    /// How each invocation so far ended: `response`, `error`, `exit`, …
    pub(super) fn endings(&mut self) -> Vec<String> {
        let invocations = self.call("harness", "invocations", json!({}));
        invocations.as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// What the function logged.
    pub(super) fn lines(&mut self) -> String {
        self.call("harness", "lines", json!({})).to_string()
    }
}

trait TakeText {
    fn take_text(&self) -> String;
}

impl TakeText for Value {
    fn take_text(&self) -> String {
        self.as_str().unwrap_or_else(|| panic!("no text: {self}")).to_owned()
    }
}
