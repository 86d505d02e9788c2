import AVFoundation
import CoreImage
import CoreML
import SwiftUI

let width = 360, height = 640  // px, of the upright picture that is shown
let border = 44  // px around it: the network paints a rim where its input ends
let inputWidth = width + 2 * border, inputHeight = height + 2 * border  // as in `export --size`

/// The camera's picture in a style: AVFoundation in, Core ML in the middle, SwiftUI out.
@main
struct StyleCameraApp: App {
    @State private var camera = StyleCamera()

    var body: some Scene {
        WindowGroup {
            Group {
                if let painting = camera.painting {
                    Image(decorative: painting, scale: 1).resizable().scaledToFill()
                } else {
                    Text(camera.problem ?? "Starting …")
                }
            }
            .ignoresSafeArea()
            .task { await camera.start() }
        }
    }
}

/// Paints the newest frame of the back camera; frames that come meanwhile are left out.
@Observable
final class StyleCamera: NSObject, AVCaptureVideoDataOutputSampleBufferDelegate {
    @MainActor private(set) var painting: CGImage?
    @MainActor private(set) var problem: String?
    @ObservationIgnored private let session = AVCaptureSession()
    @ObservationIgnored private let queue = DispatchQueue(label: "painter")  // owns the painter
    @ObservationIgnored private var painter: Painter?

    @MainActor
    func start() async {
        guard await AVCaptureDevice.requestAccess(for: .video) else {
            problem = "Allow the camera in the settings."
            return
        }
        queue.async { [self] in
            do {
                try open()
            } catch {
                Task { @MainActor in problem = error.localizedDescription }
            }
        }
    }

    private func open() throws {
        painter = try Painter()
        guard let device = AVCaptureDevice.default(for: .video) else { throw Problem.noCamera }
        session.sessionPreset = .hd1280x720
        session.addInput(try AVCaptureDeviceInput(device: device))
        let frames = AVCaptureVideoDataOutput()
        frames.videoSettings = [
            kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA
        ]
        frames.alwaysDiscardsLateVideoFrames = true
        frames.setSampleBufferDelegate(self, queue: queue)
        session.addOutput(frames)
        frames.connection(with: .video)?.videoRotationAngle = 90  // upright
        session.startRunning()
    }

    func captureOutput(
        _ output: AVCaptureOutput, didOutput sample: CMSampleBuffer,
        from connection: AVCaptureConnection
    ) {
        guard let frame = CMSampleBufferGetImageBuffer(sample), let painter else { return }
        do {
            let painted = try painter.paint(CIImage(cvPixelBuffer: frame))
            Task { @MainActor in painting = painted }
        } catch {
            Task { @MainActor in problem = error.localizedDescription }
        }
    }
}

/// A style by `vidstyle export --to coreml`; belongs to one thread.
final class Painter {
    private let model: MLModel
    private let context = CIContext()
    private let bordered: CVPixelBuffer

    init() throws {
        // Xcode compiles style.mlpackage, which was added to the target.
        guard let file = Bundle.main.url(forResource: "style", withExtension: "mlmodelc") else {
            throw Problem.noModel
        }
        model = try MLModel(contentsOf: file)
        var buffer: CVPixelBuffer?
        let options = [kCVPixelBufferIOSurfacePropertiesKey: [:] as CFDictionary] as CFDictionary
        CVPixelBufferCreate(
            nil, inputWidth, inputHeight, kCVPixelFormatType_32BGRA, options, &buffer)
        guard let buffer else { throw Problem.noMemory }
        bordered = buffer
    }

    /// Returns the painting of a frame's middle, width x height.
    func paint(_ frame: CIImage) throws -> CGImage {
        let size = frame.extent.size
        let scale = max(CGFloat(width) / size.width, CGFloat(height) / size.height)
        let picture = frame
            .transformed(by: CGAffineTransform(scaleX: scale, y: scale))
            .transformed(
                by: CGAffineTransform(
                    translationX: (CGFloat(width) - scale * size.width) / 2,
                    y: (CGFloat(height) - scale * size.height) / 2)
            )
            .cropped(to: CGRect(x: 0, y: 0, width: width, height: height))
            .clampedToExtent()  // its edges, repeated, are the border
            .transformed(by: CGAffineTransform(translationX: CGFloat(border), y: CGFloat(border)))
        context.render(picture, to: bordered)
        let input = try MLDictionaryFeatureProvider(dictionary: ["image": bordered])
        let result = try model.prediction(from: input)
        guard let painted = result.featureValue(for: "painted")?.imageBufferValue else {
            throw Problem.noModel
        }
        let inside = CGRect(x: border, y: border, width: width, height: height)
        guard let image = context.createCGImage(CIImage(cvPixelBuffer: painted), from: inside) else {
            throw Problem.noMemory
        }
        return image
    }
}

enum Problem: String, LocalizedError {
    case noCamera = "There is no camera."
    case noModel = "Add style.mlpackage to the target."
    case noMemory = "Memory ran out."

    var errorDescription: String? { rawValue }
}
