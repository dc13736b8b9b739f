// swift-tools-version: 6.2
import PackageDescription

var flags: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
// Only CI asks for this, so that a newer compiler's warning never stops who embeds the client.
if Context.environment["TALLY_WARNINGS_AS_ERRORS"] == "1" {
  flags.append(.treatAllWarnings(as: .error))
}

let package = Package(
  name: "tally",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "TallySchema", targets: ["TallySchema"]),
    .library(name: "RPCClient", targets: ["RPCClient"]),
    .library(name: "RPCClientTesting", targets: ["RPCClientTesting"]),
    .executable(name: "rpc-server", targets: ["rpc-server"]),
    .executable(name: "rpc-client", targets: ["rpc-client"]),
  ],
  traits: [
    .trait(name: "Server", description: "The server and the command lines. Off: only what RPCClient needs is fetched."),
    .trait(name: "Logging", description: "RPCClient's LoggingInterceptor, on swift-log."),
    .trait(name: "Metrics", description: "RPCClient's MetricsInterceptor, on swift-metrics."),
    .default(enabledTraits: ["Server", "Logging", "Metrics"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.0.0", traits: []),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.2.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.30.0"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.36.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.5.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
  ],
  targets: [
    // The contract: values and codecs, no I/O.
    .target(name: "TallySchema", path: "Sources/Schema", swiftSettings: flags),

    .systemLibrary(
      name: "CTallyZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CTallyZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

    // The processor: CSV in, answer out.
    .target(name: "CTallySIMD"),
    .target(name: "CTallySystem"),
    .target(
      name: "Processor",
      dependencies: [
        "Storage", "TallySchema", "CTallySIMD", "CTallySystem", "CTallyZlib", "CTallyZstd",
        .server("Crypto", "swift-crypto"),
      ],
      swiftSettings: flags),

    // Where inputs are read and results are published.
    .target(name: "Storage", dependencies: ["TallySchema"], swiftSettings: flags),
    .target(
      name: "Uploads", dependencies: ["JobQueue", "Storage", "TallySchema", .server("Crypto", "swift-crypto")],
      swiftSettings: flags
    ),
    .target(name: "StorageLocal", dependencies: ["Storage", "TallySchema", "CTallySystem"], swiftSettings: flags),

    // One suite of named tests that every storage must pass.
    .target(name: "StorageConformance", dependencies: ["Storage", "TallySchema"], swiftSettings: flags),

    // Jobs: the lifecycle and the stores.
    .target(name: "JobQueue", dependencies: ["Storage", "TallySchema"], swiftSettings: flags),
    .target(
      name: "JobQueueSQLite",
      dependencies: [
        "JobQueue", "Storage", "TallySchema", "Uploads", .server("GRDB", "GRDB.swift"),
        .server("GRDBSQLite", "GRDB.swift"),
      ],
      swiftSettings: flags),
    .systemLibrary(
      name: "CTallyPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
    .target(
      name: "JobQueuePostgres", dependencies: ["JobQueue", "Storage", "TallySchema", "Uploads", "CTallyPostgres"],
      swiftSettings: flags),
    // One suite of named tests that every store must pass.
    .target(
      name: "JobQueueConformance",
      dependencies: [
        "JobQueue", "JobRunner", "Storage", "StorageConformance", "StorageLocal", "TallySchema", "Uploads",
      ],
      swiftSettings: flags),
    // Claims jobs, has an engine run them, and publishes what comes of it.
    .target(
      name: "JobRunner",
      dependencies: ["JobQueue", "Storage", "TallySchema", "Uploads", .server("Logging", "swift-log")],
      swiftSettings: flags),
    // Runs jobs in this process.
    .target(
      name: "EngineLocal",
      dependencies: ["JobQueue", "JobRunner", "Processor", "Storage", "TallySchema"],
      swiftSettings: flags),

    // Who may do what.
    .target(name: "Access", dependencies: ["TallySchema"], swiftSettings: flags),

    // The server.
    .target(
      name: "RPCServer",
      dependencies: [
        "Access", "EngineLocal", "JobQueue", "JobRunner", "Processor", "Storage", "TallySchema", "Uploads",
        "CTallyZlib", "CTallyZstd",
        .server("AsyncAlgorithms", "swift-async-algorithms"),
        .server("HTTPTypes", "swift-http-types"),
        .server("Hummingbird", "hummingbird"),
        .server("HummingbirdCore", "hummingbird"),
        .server("HummingbirdHTTP2", "hummingbird"),
        .server("Instrumentation", "swift-distributed-tracing"),
        .server("NIOCore", "swift-nio"),
        .server("NIOHTTP1", "swift-nio"),
        .server("NIOHTTP2", "swift-nio-http2"),
        .server("NIOHTTPTypes", "swift-nio-extras"),
        .server("NIOHTTPTypesHTTP1", "swift-nio-extras"),
        .server("NIOPosix", "swift-nio"),
        .server("NIOSSL", "swift-nio-ssl"),
        .server("NIOTLS", "swift-nio"),
        .server("ServiceLifecycle", "swift-service-lifecycle"),
        .server("Tracing", "swift-distributed-tracing"),
        .server("Logging", "swift-log"),
      ],
      resources: [
        .embedInCode("Web/page.html"), .embedInCode("Web/page.css"), .embedInCode("Web/page.js"),
        // The client in JavaScript, by which the page calls the server: links to the files in clients/.
        .embedInCode("Web/client/tally.js"), .embedInCode("Web/client/errors.js"),
        .embedInCode("Web/client/protocol.js"), .embedInCode("Web/client/waiting.js"),
      ],
      swiftSettings: flags),
    .executableTarget(
      name: "rpc-server",
      dependencies: [
        "RPCServer", "JobQueue", "JobQueueSQLite", "JobQueuePostgres", "JobRunner", "Storage", "StorageLocal",
        "TallySchema", "Uploads",
        .server("ArgumentParser", "swift-argument-parser"),
        .server("Configuration", "swift-configuration"),
        .server("ServiceLifecycle", "swift-service-lifecycle"),
        .server("UnixSignals", "swift-service-lifecycle"),
        .server("Logging", "swift-log"),
      ],
      swiftSettings: flags),

    // The client.
    .systemLibrary(
      name: "CTallyCurl", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .target(
      name: "RPCClient",
      dependencies: [
        "TallySchema", "CTallyCurl",
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Logging"])),
        .product(name: "Metrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
      ],
      swiftSettings: flags),
    .target(name: "RPCClientTesting", dependencies: ["RPCClient", "TallySchema"], swiftSettings: flags),
    .executableTarget(
      name: "rpc-client",
      dependencies: [
        "RPCClient", "TallySchema", .server("ArgumentParser", "swift-argument-parser"),
        .server("Crypto", "swift-crypto"),
      ],
      swiftSettings: flags),

    // Many calls and streams at the same time, for benchmarks.
    .executableTarget(
      name: "client-load", dependencies: ["RPCClient", "TallySchema"], path: "Benchmarks/client-load",
      exclude: ["bare.c"],
      swiftSettings: flags),
    // One job by the processor alone, for the guard of instruction counts.
    .executableTarget(
      name: "job-load", dependencies: ["Processor", "Storage", "StorageLocal", "TallySchema"],
      path: "Benchmarks/job-load",
      swiftSettings: flags),
    // The file that benchmarks and tests read.
    .executableTarget(name: "generate-plays", swiftSettings: flags),

    // The tests mirror the sources.
    .target(name: "TestSupport", dependencies: ["TallySchema"], path: "Tests/TestSupport", swiftSettings: flags),
    .testTarget(name: "SchemaTests", dependencies: ["TallySchema", "TestSupport"], swiftSettings: flags),
    .testTarget(
      name: "ProcessorTests",
      dependencies: [
        "Processor", "Storage", "StorageLocal", "TallySchema", "CTallySIMD", "CTallyZlib", "CTallyZstd", "TestSupport",
      ],
      swiftSettings: flags),
    .testTarget(name: "AccessTests", dependencies: ["Access", "TallySchema"], swiftSettings: flags),
    .testTarget(name: "JobQueueTests", dependencies: ["JobQueue", "TallySchema", "TestSupport"], swiftSettings: flags),
    .testTarget(
      name: "StorageLocalTests",
      dependencies: ["Storage", "StorageConformance", "StorageLocal", "TallySchema", "TestSupport"],
      swiftSettings: flags),
    .testTarget(name: "JobRunnerTests", dependencies: ["JobRunner"], swiftSettings: flags),
    .testTarget(
      name: "JobQueueSQLiteTests",
      dependencies: [
        "JobQueueSQLite", "JobQueueConformance", "JobQueue", "JobRunner", "Storage", "StorageLocal", "TallySchema",
        "TestSupport", "Uploads", .server("GRDB", "GRDB.swift"),
      ],
      swiftSettings: flags),
    .testTarget(
      name: "JobQueuePostgresTests",
      dependencies: [
        "JobQueuePostgres", "JobQueueConformance", "JobQueue", "Storage", "TallySchema", "TestSupport", "Uploads",
      ],
      swiftSettings: flags),
    .testTarget(
      name: "UploadsTests",
      dependencies: ["Uploads", "JobQueueSQLite", "Storage", "StorageLocal", "TallySchema", "TestSupport"],
      swiftSettings: flags),
    .testTarget(
      name: "RPCServerTests",
      dependencies: [
        "RPCServer", "Access", "EngineLocal", "JobQueue", "JobQueueSQLite", "JobRunner", "Storage", "StorageLocal",
        "TallySchema", "TestSupport", "Uploads",
        .server("GRDB", "GRDB.swift"),
        .server("HTTPTypes", "swift-http-types"),
        .server("NIOEmbedded", "swift-nio"),
        .server("NIOTLS", "swift-nio"),
      ],
      swiftSettings: flags),
    .testTarget(
      name: "RPCClientTests",
      dependencies: [
        "RPCClient", "RPCClientTesting", "TallySchema", "TestSupport", .server("Logging", "swift-log"),
        .server("Metrics", "swift-metrics"), .server("MetricsTestKit", "swift-metrics"),
      ],
      swiftSettings: flags),
    .testTarget(
      name: "EndToEndTests", dependencies: ["RPCClient", "TallySchema", "TestSupport", "rpc-server", "rpc-client"],
      exclude: ["Support"], swiftSettings: flags),
    .testTarget(name: "ArchitectureTests", swiftSettings: flags),
  ],
  swiftLanguageModes: [.v6]
)

extension Target.Dependency {
  /// A product that only the server and the command lines need: with the trait off, it isn't even fetched.
  static func server(_ product: String, _ package: String) -> Target.Dependency {
    .product(name: product, package: package, condition: .when(traits: ["Server"]))
  }
}
