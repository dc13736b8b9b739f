// swift-tools-version: 6.2
import PackageDescription

// Your own package writes: .package(url: "https://…/tally", from: "…", traits: [])
let tally: Package.Dependency =
  Context.environment["TALLY_PACKAGE"].map { .package(url: $0, from: "1.0.0", traits: []) }
  ?? .package(name: "tally", path: "..", traits: [])

let package = Package(
  name: "examples",
  platforms: [.macOS(.v15)],
  dependencies: [tally],
  targets: [
    .target(
      name: "Nightly",
      dependencies: [.product(name: "RPCClient", package: "tally"), .product(name: "TallySchema", package: "tally")]),
    .executableTarget(
      name: "nightly-sums", dependencies: ["Nightly", .product(name: "RPCClient", package: "tally")]),
    .testTarget(
      name: "NightlyTests",
      dependencies: [
        "Nightly", .product(name: "RPCClient", package: "tally"), .product(name: "TallySchema", package: "tally"),
        .product(name: "RPCClientTesting", package: "tally"),
      ]),
  ]
)
