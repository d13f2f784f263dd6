//! What the runtimes and the functions write in plain text.

use super::check;

#[test]
fn python() {
    const TRACE: &str = "Traceback (most recent call last):\n  File \"/var/task/app.py\", line 3, in handler\n    x()";
    check("[INFO]\t2024-05-01T00:00:00.000Z\tR1\tresized 3 images", "Info R1");
    check("[WARNING]\t2024-05-01T00:00:00.000Z\tR1\tslow", "Warn R1");
    check("[WARNING]\t2024-05-01T00:00:00.000Z\t\tLAMBDA_WARNING: Unhandled exception. The most likely", "Warn");
    check("[CRITICAL]\t2024-05-01T00:00:00.000Z\tR1\tgone", "Fatal R1");
    check("[ERROR]\t2024-05-01T00:00:00.000Z\tR1\tno such image", "Error R1");
    check(&format!("[ERROR]\t2024-05-01T00:00:00.000Z\tR1\tfailed\n{TRACE}\nKeyError: 'id'"), "Error KeyError R1");
    check(&format!("[ERROR] KeyError: 'id'\n{TRACE}"), "Error KeyError !Error KeyError");
    check(&format!("[ERROR] KeyError: 'id'\n{TRACE}").replace('\n', "\r"), "Error KeyError !Error KeyError");
    check(&format!("[ERROR] app.errors.NoImage\n{TRACE}"), "Error app.errors.NoImage !Error app.errors.NoImage");
    let long = format!("[ERROR] KeyError: {}\n{TRACE}", "x".repeat(10_000));
    check(&long, "Error KeyError !Error KeyError");
    check(
        &format!("[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'x'\n{TRACE}"),
        "Error Runtime.ImportModuleError !Init Runtime.ImportModuleError",
    );
    check(
        "[ERROR] Runtime.HandlerNotFound: Handler 'go' missing on module 'app'",
        "Error Runtime.HandlerNotFound !Init Runtime.HandlerNotFound",
    );
    check("[ERROR] Failed: could not reach the table", "Error");
    check(
        &format!("LAMBDA_WARNING: Unhandled exception. \n[ERROR] KeyError: 1\n{TRACE}"),
        "Error KeyError !Error KeyError",
    );
    check("LAMBDA_WARNING: Unhandled exception. The most likely", "Warn");
    check(&format!("{TRACE}\nValueError: bad"), "Error ValueError");
}

#[test]
fn node() {
    const TIME: &str = "2024-05-01T00:00:00.000Z";
    check(&format!("{TIME}\tR1\tINFO\tresized"), "Info R1");
    check(&format!("{TIME}\tundefined\tINFO\tloading"), "Info");
    check(&format!("{TIME}\tR1\tWARN\tslow"), "Warn R1");
    check(&format!("{TIME}\tR1\tERROR\tcould not resize"), "Error R1");
    check(
        &format!("{TIME}\tR1\tERROR\tTypeError: x is not a function\r    at handler (/var/task/a.js:1:1)"),
        "Error TypeError R1",
    );
    check(
        &format!(
            "{TIME}\tR1\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\",\"errorMessage\":\"x\",\"stack\":[]}}"
        ),
        "Error TypeError R1 !Error TypeError",
    );
    check(
        &format!(
            "{TIME}\tR1\tERROR\tUnhandled Promise Rejection \t{{\"errorType\":\"Runtime.UnhandledPromiseRejection\"}}"
        ),
        "Error Runtime.UnhandledPromiseRejection R1 !Error Runtime.UnhandledPromiseRejection",
    );
    check(
        &format!("{TIME}\tundefined\tERROR\tUncaught Exception \t{{\"errorType\":\"Runtime.ImportModuleError\"}}"),
        "Error Runtime.ImportModuleError !Init Runtime.ImportModuleError",
    );
    check(
        &format!("{TIME}\tundefined\tERROR\tUncaught Exception \t{{\"errorType\":\"Error\"}}"),
        "Error Error !Init Error",
    );
    check(
        &format!("{TIME}\tR1\tERROR\tUncaught Exception \t{{\"errorType\":\"Error\"}}"),
        "Error Error R1 !Error Error",
    );
    check("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "Fatal !OutOfMemory");
}

#[test]
fn java_dotnet_ruby_go_rust() {
    const AT: &str = "\tat com.example.Resize.handle(Resize.java:7)";
    check(
        &format!("woops: java.lang.RuntimeException\njava.lang.RuntimeException: woops\n{AT}"),
        "Error java.lang.RuntimeException !Error java.lang.RuntimeException",
    );
    check(
        &format!("Java heap space: java.lang.OutOfMemoryError\njava.lang.OutOfMemoryError: Java heap space\n{AT}"),
        "Error java.lang.OutOfMemoryError !OutOfMemory java.lang.OutOfMemoryError",
    );
    check(
        "Class not found: com.example.Resize: java.lang.ClassNotFoundException\njava.lang.ClassNotFoundException: com.example.Resize",
        "Error java.lang.ClassNotFoundException !Init java.lang.ClassNotFoundException",
    );
    check(&format!("java.io.IOException: handled\n{AT}"), "Error java.io.IOException");
    check(
        &format!("Exception in thread \"w-1\" java.io.IOException: gone\n{AT}").replace("\"w-1\"", "w-1"),
        "Error java.io.IOException",
    );
    check("2024-05-01 00:00:00 R1 ERROR Resize:12 - no such image", "Error R1");

    check("2024-05-01T00:00:00.000Z\tR1\tinfo\tresized", "Info R1");
    check("2024-05-01T00:00:00.000Z\tR1\tfail\tcould not resize", "Error R1");
    check(
        "2024-05-01T00:00:00.000Z\tR1\tfail\tSystem.IO.IOException: gone\n   at Resize.Function.Handle()",
        "Error System.IO.IOException R1 !Error System.IO.IOException",
    );

    check("E, [2024-05-01T00:00:00.000000 #8] ERROR R1 -- : no such image", "Error R1");
    check("I, [2024-05-01T00:00:00.000000 #8]  INFO R1 -- : resized", "Info R1");
    check(
        "Error raised from handler method\n{\n  \"errorMessage\": \"x\",\n  \"errorType\": \"Function<TypeError>\"\n}",
        "Error Function<TypeError> !Error Function<TypeError>",
    );
    check(
        "Init error when loading handler app.go\n{\n  \"errorType\": \"Init<LoadError>\"\n}",
        "Error Init<LoadError> !Init Init<LoadError>",
    );

    check("panic: runtime error: index out of range [5]\n\ngoroutine 1 [running]:", "Fatal panic !Exit panic");
    check("fatal error: runtime: out of memory", "Fatal !OutOfMemory");
    check(
        "2024/05/01 00:00:00 {\"errorMessage\":\"boom\",\"errorType\":\"errorString\",\"stackTrace\":[]}",
        "Error errorString !Error errorString",
    );
    check("thread 'main' panicked at src/main.rs:4:5:\nboom", "Fatal panic !Error panic");
}

#[test]
fn plain_lines() {
    for message in ["", " ", "resized 3 images", "no error here", "the Error: word", "3 of 4", "[x", "\\n", "é"] {
        check(message, "Info");
    }
    check("ERROR could not resize", "Error");
    check("2024-05-01 00:00:00,000 - WARNING - slow", "Warn");
    check("[error] R1 could not resize", "Error R1");
    check("job R2 done", "Info R2");
}
